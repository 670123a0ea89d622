"""What a trigger function in plpgsql does to every row: `NEW.column := expression` in a body
without branches. Of other bodies nothing is certain. And whether one may keep a row from being
deleted: it returns NULL, or NEW alone, which is NULL there."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from zdm.parse.readers import tokens
from zdm.parse.readers.tokens import Token

_BRANCHES = frozenset({"IF", "CASE", "LOOP", "FOR", "FOREACH", "WHILE", "EXCEPTION", "EXIT"})


def always(body: str) -> dict[str, str]:
    """The columns of NEW that it sets whatever the row holds, with the last expression."""
    words = tokens.words(body)
    if _BRANCHES & {token.word for token in words}:
        return {}
    return dict(_assignments(body, words))


def may_keep(body: str) -> bool:
    """Whether a BEFORE DELETE trigger with this body may return NULL, by its RETURNs."""
    words = tokens.words(body)
    given = {next_.word for one, next_ in pairwise(words) if one.word == "RETURN"}
    return "NULL" in given or given == {"NEW"}


def _assignments(body: str, words: Sequence[Token]) -> Iterator[tuple[str, str]]:
    begins = [n for n, token in enumerate(words) if token.word == "BEGIN"]
    statement: list[Token] = []
    for token in words[begins[0] + 1 :] if len(begins) == 1 else ():
        if token.text != ";":
            statement.append(token)
            continue
        if statement and statement[0].word == "RETURN":
            return
        yield from _assignment(body, statement)
        statement = []


def _assignment(body: str, statement: Sequence[Token]) -> Iterator[tuple[str, str]]:
    texts = [token.text for token in statement]
    if [text.upper() for text in texts[:2]] != ["NEW", "."]:
        return
    equals = 4 if texts[3:5] == [":", "="] else 3
    if texts[equals : equals + 1] == ["="] and len(texts) > equals + 1:
        column = texts[2]
        quoted = column.startswith('"')
        name = column[1:-1].replace('""', '"') if quoted else column.lower()
        yield name, body[statement[equals + 1].start : statement[-1].end]
