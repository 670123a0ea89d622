"""What a trigger function in plpgsql does to every row: `NEW.column := expression` in a body
without branches. Of other bodies nothing is certain. And whether one may leave a row as it was:
it returns NULL, or NEW for a DELETE, where that is NULL, or OLD for an INSERT or UPDATE."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from zdm.parse.readers import tokens
from zdm.parse.readers.tokens import Token

_BRANCHES = frozenset({"IF", "CASE", "LOOP", "FOR", "FOREACH", "WHILE", "EXCEPTION", "EXIT"})

_EITHER = "COALESCE(NEW,OLD)"


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


def may_skip(body: str, *, writes: bool, deletes: bool) -> bool:
    """Whether a BEFORE trigger with this body may leave out a row, or what is written to it;
    `writes`: for an INSERT or UPDATE. One that asks for TG_OP is taken to return what fits."""
    given, by_event = set(_returned(body)), re.search(r"\bTG_OP\b", body, re.IGNORECASE)
    if not given or given - {"NEW", "OLD", _EITHER}:
        return True
    if by_event and given >= {"NEW", "OLD"}:
        return False
    return (writes and "OLD" in given) or (deletes and "NEW" in given)


def _returned(body: str) -> Iterator[str]:
    """What follows each RETURN."""
    words = tokens.words(body)
    for place, token in enumerate(words):
        if token.word == "RETURN":
            rest = (one.word for one in words[place + 1 :])
            yield "".join(takewhile(lambda word: word != ";", rest))


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
