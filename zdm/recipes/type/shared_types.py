"""Which types an old and a new version can share under one name of a column.

A column whose type changes under its name must take what the old version writes, as a literal
and as a parameter of the old type; it must return what the old version can read; and the same
rows must be equal. `shared` says of which kind such a pair is, `apart` what the old version
would notice of another one (each measured on 14 and 18).
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from zdm.model.schema import Constraint, Table
from zdm.model.sql import ident
from zdm.parse import expressions
from zdm.schema import not_null_proof, type_change, type_names

RANGES = {
    "smallint": (-32768, 32767),
    "integer": (-2147483648, 2147483647),
    "bigint": (-9223372036854775808, 9223372036854775807),
}
_TEXTS = frozenset({"text", "character varying"})
_FLOATS = frozenset({"real", "double precision"})
_STAMP, _ZONED = "timestamp without time zone", "timestamp with time zone"
_LENGTH = r"(?:char_length|character_length|length)\({column}(?:::text)?\) (<=|<) (\d+)"
_CONSTANT = r"'((?:[^']|'')*)'"
_LIST = (
    r"{column}(?:::text)? = ANY\(ARRAY\[((?:'(?:[^']|'')*'::(?:text|varchar)(?:, )?)+)\]"
    r"(?:::text\[\])?\)"
)


class Kind(StrEnum):
    """What two types that can share a name have in common."""

    WIDER = "wider"  # integers; every value of the old type
    SCALE = "scale"  # numeric with more digits; equal values, printed with more zeros
    SHORTER = "shorter"  # texts that a CHECK keeps short enough; the very same values
    JSON = "json"  # json to jsonb; the same value in another text


class _Apart(Struct, frozen=True, kw_only=True):
    old: frozenset[str]
    new: frozenset[str]
    fact: str


def _apart(old: Iterable[str], new: Iterable[str], fact: str) -> _Apart:
    return _Apart(old=frozenset(old), new=frozenset(new), fact=fact)


_FACTS = (
    _apart(
        RANGES,
        {"numeric", *_FLOATS},
        "division of integers gives 3 for 7 / 2, and then 3.5",
    ),
    _apart({"real"}, {"double precision"}, "0.1 is read as 0.10000000149011612"),
    _apart({"real", "numeric"}, {"numeric", *_FLOATS}, "values are rounded in another way"),
    _apart({"double precision"}, {"numeric", "real"}, "values are rounded in another way"),
    _apart(
        {"character"},
        {"character", *_TEXTS},
        "blanks at the end are read and compared in another way",
    ),
    _apart(_TEXTS, {"character"}, "blanks at the end are read and compared in another way"),
    _apart({_STAMP}, {_ZONED}, "a value is read with an offset, and written by TimeZone"),
    _apart({_ZONED}, {_STAMP}, "a value is read without its offset, and written by TimeZone"),
    _apart({"date"}, {_STAMP, _ZONED}, "a value is read with a time of day"),
    _apart({_STAMP, _ZONED}, {"date"}, "the time of day is lost"),
    _apart({"jsonb"}, {"json"}, "json cannot be compared by = or @>"),
)
_TEXT_SENT = "a parameter that a driver sends as text is refused (42804)"


def is_wider(old: str, new: str) -> bool:
    """Whether both are integers, and the new type has values that the old one has not."""
    return old in RANGES and new in RANGES and RANGES[old][1] < RANGES[new][1]


def shared(old: str, new: str) -> Kind | None:
    """How the two versions can share the column; SHORTER needs a proof by `is_short`."""
    if is_wider(old, new):
        return Kind.WIDER
    (a, was), (b, now) = type_names.split(old), type_names.split(new)
    if (old, new) == ("json", "jsonb"):
        return Kind.JSON
    if a == b == "numeric" and _holds(was, now):
        return Kind.SCALE
    if a in _TEXTS and b == "character varying" and len(now) == 1:
        return None if type_change.is_free(old, new) else Kind.SHORTER
    return None


def _holds(was: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Whether each value of the one numeric is a value of the other, with more digits behind
    the point."""
    if len(was) != 2 or len(now) != 2:
        return False
    return now[1] > was[1] and now[0] - now[1] >= was[0] - was[1]


def apart(old: str, new: str) -> str | None:
    """What the old version would notice of the new type, where that is known."""
    a, b = type_names.split(old)[0], type_names.split(new)[0]
    for row in _FACTS:
        if a in row.old and b in row.new:
            return row.fact
    if a in _TEXTS and b not in _TEXTS and b in type_change.BUILT_IN:
        return _TEXT_SENT
    return None


def shortened(column: str, old: str, new: str) -> str:
    """How a text can get shorter under its name, as the beginning of a remedy."""
    if shared(old, new) is not Kind.SHORTER:
        return ""
    most = type_names.split(new)[1][0]
    return (
        f"add `CHECK (char_length({ident(column)}) <= {most})` in an earlier release, and the"
        " name is kept; or "
    )


def is_short(table: Table, column: str, new: str) -> tuple[Constraint, ...]:
    """The validated CHECKs of the table that keep its texts as short as the new type has
    them."""
    most = type_names.split(new)[1][0]
    return tuple(c for c in table.constraints if _keeps_short(c, column, most))


def _keeps_short(check: Constraint, column: str, most: int) -> bool:
    if check.kind != "check" or not check.validated or column not in check.columns:
        return False
    condition = not_null_proof.condition(check.definition)
    if condition is None or " NOT ENFORCED" in check.definition:
        return False
    tests = map(expressions.sql, not_null_proof.every(condition))
    return any(_is_length(test, column, most) or _is_list(test, column, most) for test in tests)


def _is_length(test: str, column: str, most: int) -> bool:
    """`char_length(c::text) <= 100`, as the parser writes it."""
    found = re.fullmatch(_LENGTH.format(column=_column(column)), test)
    return found is not None and int(found[2]) - (found[1] == "<") <= most


def _is_list(test: str, column: str, most: int) -> bool:
    """`c::text = ANY(ARRAY['a'::varchar, 'b'::varchar]::text[])`: no constant is longer."""
    found = re.fullmatch(_LIST.format(column=_column(column)), test)
    if found is None:
        return False
    texts = re.findall(_CONSTANT, found[1])
    return all(len(text.replace("''", "'")) <= most for text in texts)


def _column(name: str) -> str:
    return f"(?:{re.escape(ident(name))}|{re.escape(name)})"
