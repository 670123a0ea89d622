"""The names in a function's text, which PostgreSQL looks up when the function runs."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    |"(?P<quoted>(?:[^"]|"")*)"
    |\b[eE]'(?P<escaped>(?:[^'\\]|''|\\.)*)'
    |'(?P<string>(?:[^']|'')*)'
    |\$\w*\$
    |(?P<word>[^\W\d](?:\w|\$(?!\w*\$))*)""",
    re.DOTALL | re.VERBOSE,
)
_SQL = frozenset({"sql", "plpgsql"})


def names(text: str, language: str = "sql") -> frozenset[str]:
    """Every name that a function's text may mean: words folded and as they are, quoted names,
    and those of its strings, which may become SQL or keys of a row; without comments."""
    if language not in _SQL:  # whose comments and strings are unknown
        found = frozenset(re.findall(r"[^\W\d][\w$]*", text))
        return found | {word.lower() for word in found}
    return frozenset(_names(text))


def _names(text: str) -> Iterator[str]:
    left = [text]
    while left:
        for token in _TOKEN.finditer(left.pop()):
            if token["word"]:
                yield token["word"]
                yield token["word"].lower()
            elif token["quoted"] is not None:
                yield token["quoted"].replace('""', '"')
            elif inner := token["string"] or token["escaped"]:
                inner = inner.replace("''", "'").replace("\\'", "'")
                yield inner
                left.append(inner)
