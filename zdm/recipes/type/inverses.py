"""Ways back of type changes that are known to lose nothing the old type can hold.

A reverse must never raise: an error in the sync trigger fails the new version's write. What
the old type cannot hold becomes NULL, so it is guarded by range, length or pattern.
"""

from collections.abc import Callable

from zdm.model.expression import Call, Constant, Expression
from zdm.model.schema import Column, Snapshot
from zdm.model.sql import ident, literal
from zdm.parse import expressions
from zdm.schema import type_change, type_names

INTEGERS = {
    "smallint": (-32768, 32767),
    "integer": (-2147483648, 2147483647),
    "bigint": (-9223372036854775808, 9223372036854775807),
}
_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_TEXTS = frozenset({"text", "character varying"})
_DATES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def known(old: Column, new: Column, fill: Expression, snapshot: Snapshot) -> str | None:
    """The expression for the old column over the new one by its bare name, if one is known."""
    column = ident(new.name)
    zone = _same_zone(old, new, fill)
    if zone is not None:
        return f"{column} AT TIME ZONE {literal(zone)}"
    if expressions.column(expressions.without_cast(fill)) is None:
        return None
    for way in _WAYS:
        found = way(column, old.type, new.type)
        if found is not None:
            return found
    return _enum(column, old.type, new.type, snapshot) or _label(
        column, old.type, labels(new.type, snapshot)
    )


def labels(kind: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Of an enum type; of others none."""
    for found in snapshot.types:
        named = kind in (type_names.str_qualified(found.name), found.name.name)
        if found.kind == "enum" and named:
            return found.labels
    return ()


def _integers(column: str, old: str, new: str) -> str | None:
    base, _ = type_names.split(new)
    if old not in INTEGERS or base not in {*INTEGERS, "numeric"}:
        return None
    low, high = INTEGERS[old]
    if base in INTEGERS and INTEGERS[base][1] <= high:
        return None
    return f"CASE WHEN {column} BETWEEN {low} AND {high} THEN CAST({column} AS {old}) END"


def _numeric(column: str, old: str, new: str) -> str | None:
    (old_base, old_size), (new_base, new_size) = type_names.split(old), type_names.split(new)
    if (old_base, new_base) != ("numeric", "numeric") or len(old_size) < 2:
        return None
    precision, scale = old_size
    if new_size and (new_size[1] < scale or new_size[0] - new_size[1] < precision - scale):
        return None
    limit = "1" + "0" * (precision - scale)
    if precision < scale:
        limit = "0." + "0" * (scale - precision - 1) + "1"
    return (
        f"CASE WHEN abs(round({column}, {scale})) < {limit} OR {column} = 'NaN'"
        f" THEN round({column}, {scale}) END"
    )


def _lengths(column: str, old: str, new: str) -> str | None:
    (old_base, old_size), (new_base, new_size) = type_names.split(old), type_names.split(new)
    if old_base not in _TEXTS or new_base not in _TEXTS:
        return None
    if not old_size:
        return column if not new_size else None
    if new_size and new_size < old_size:
        return None
    return f"CASE WHEN char_length({column}) <= {old_size[0]} THEN {column} END"


def _citext(column: str, old: str, new: str) -> str | None:
    """It holds what a text of any length holds, and is only compared in another way."""
    texts = _TEXTS | type_change.CITEXT
    if old == new or not {old, new} <= texts or not {old, new} & type_change.CITEXT:
        return None
    return f"CAST({column} AS {old})"


def _dates(column: str, old: str, new: str) -> str | None:
    if old not in _DATES or new not in _DATES or new == "date":
        return None
    return f"CAST({column} AS {old})"


def _json(column: str, old: str, new: str) -> str | None:
    # json holds what jsonb refuses: \\u0000, numbers out of range
    return f"CAST({column} AS {old})" if (old, new) == ("json", "jsonb") else None


def _from_text(column: str, old: str, new: str) -> str | None:
    if new != "text":
        return None
    if old in _DIGITS:
        low, high = INTEGERS[old]
        return (
            f"CASE WHEN {column} ~ '^-?[0-9]{{1,{_DIGITS[old]}}}$' THEN CASE WHEN"
            f" CAST({column} AS numeric) BETWEEN {low} AND {high}"
            f" THEN CAST({column} AS {old}) END END"
        )
    if old == "boolean":
        pattern = "^(true|false)$"
    elif old == "uuid":
        pattern = UUID_PATTERN
    else:
        return None
    return f"CASE WHEN {column} ~ {literal(pattern)} THEN CAST({column} AS {old}) END"


def _enum(column: str, old: str, new: str, snapshot: Snapshot) -> str | None:
    known = ", ".join(literal(label) for label in labels(old, snapshot))
    if not known or new != "text":
        return None
    return f"CASE WHEN {column} IN ({known}) THEN CAST({column} AS {old}) END"


def _label(column: str, old: str, of: tuple[str, ...]) -> str | None:
    """Text is what the enum's label says; a text without a label has no way there."""
    base, size = type_names.split(old)
    if not of or base not in _TEXTS or (size and max(map(len, of)) > size[0]):
        return None
    return f"CAST({column} AS {old})"


def _same_zone(old: Column, new: Column, fill: Expression) -> str | None:
    """`old AT TIME ZONE 'x'` between timestamp and timestamptz is its own inverse."""
    call = expressions.form(fill)
    if not isinstance(call, Call) or {old.type, new.type} != _DATES - {"date"}:
        return None
    if call.function[-1:] != ("timezone",) or len(call.arguments) != 2:
        return None
    zone, of = call.arguments
    constant = expressions.form(zone)
    if not isinstance(constant, Constant) or not constant.is_string:
        return None
    return constant.value if expressions.column(of) is not None else None


_WAYS: tuple[Callable[[str, str, str], str | None], ...] = (
    _integers,
    _numeric,
    _lengths,
    _citext,
    _dates,
    _json,
    _from_text,
)
