"""A text that matches a pattern of a CHECK: LIKE, and the everyday part of regular expressions.

What is not understood gives no text: the server judges every sample anyway.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_CLASSES = {"d": "0123456789", "w": "abcde", "s": " ", "D": "abcde", "W": "-", "S": "abcde"}
_NAMED = {"alpha": "a", "digit": "1", "alnum": "a", "upper": "A", "lower": "a", "space": " "}
_NAMED |= {"punct": "-", "xdigit": "a", "word": "a"}
_LETTERS = "aA1-_.@ x"
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_MOST = 64


def like(pattern: str) -> str:
    """A text that LIKE matches."""
    found, escaped = "", False
    for letter in pattern:
        if escaped or letter not in "\\%_":
            found, escaped = found + letter, False
        elif letter == "\\":
            escaped = True
        else:
            found += "a"
    return found


def regex(pattern: str, n: int = 0) -> str | None:
    """The n-th text that the regular expression matches, where it is a simple one."""
    reader = _Reader(pattern, n)
    try:
        found = _alternatives(reader)
    except _NotSimpleError:
        return None
    return found if reader.ended else None


class _NotSimpleError(Exception):
    """Something that is not read here."""


@dataclass(slots=True)
class _Reader:
    text: str
    n: int
    place: int = field(default=0)

    @property
    def ended(self) -> bool:
        return self.place >= len(self.text)

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self) -> str:
        letter = self.peek()
        if not letter:
            raise _NotSimpleError
        self.place += 1
        return letter

    def taken(self, word: str) -> bool:
        found = self.text.startswith(word, self.place)
        self.place += len(word) * found
        return found


def _alternatives(reader: _Reader) -> str:
    """The first alternative."""
    found = _sequence(reader)
    while reader.taken("|"):
        _sequence(reader)
    return found


def _sequence(reader: _Reader) -> str:
    parts: list[str] = []
    while not reader.ended and reader.peek() not in "|)":
        parts.append(_repeated(reader, _atom(reader)))
    return "".join(parts)


def _repeated(reader: _Reader, atom: str) -> str:
    count = 1
    counted = _COUNT.match(reader.text, reader.place)
    if counted is not None:
        reader.place = counted.end()
        count = int(counted[1])
    elif reader.peek() in ("*", "+", "?"):
        count = 0 if reader.take() == "?" else 1
    if reader.peek() == "?":  # as few as possible
        reader.take()
    return atom * min(count, _MOST)


def _atom(reader: _Reader) -> str:
    letter = reader.take()
    match letter:
        case "^" | "$":
            return ""
        case ".":
            return "a"
        case "\\":
            return _escape(reader)
        case "[":
            return _bracket(reader)
        case "(":
            return _group(reader)
        case "*" | "+" | "?":
            raise _NotSimpleError
    return letter


def _escape(reader: _Reader) -> str:
    letter = reader.take()
    if letter in _CLASSES:
        return _CLASSES[letter][reader.n % len(_CLASSES[letter])]
    if letter.isalnum():
        raise _NotSimpleError
    return letter


def _group(reader: _Reader) -> str:
    if reader.taken("?") and not reader.taken(":"):
        raise _NotSimpleError
    found = _alternatives(reader)
    if not reader.taken(")"):
        raise _NotSimpleError
    return found


def _bracket(reader: _Reader) -> str:
    """One letter of a bracket expression."""
    negated = reader.taken("^")
    letters = list(_letters(reader))
    if not negated:
        return letters[reader.n % len(letters)]
    free = [letter for letter in _LETTERS if letter not in letters]
    if not free:
        raise _NotSimpleError
    return free[reader.n % len(free)]


def _letters(reader: _Reader) -> Iterator[str]:
    first = True
    while first or reader.peek() != "]":
        first = False
        if reader.taken("[:"):
            name, _, _ = reader.text[reader.place :].partition(":]")
            reader.place += len(name) + 2
            if name not in _NAMED:
                raise _NotSimpleError
            yield _NAMED[name]
            continue
        letter = reader.take()
        letter = _escape(reader) if letter == "\\" else letter
        yield letter
        if reader.peek() == "-" and reader.text[reader.place + 1 : reader.place + 2] != "]":
            reader.take()
            end = reader.take()
            yield from (chr(code) for code in range(ord(letter) + 1, ord(end) + 1))
    reader.take()
