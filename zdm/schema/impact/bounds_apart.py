"""Whether no row can belong to two bounds of one partitioned table.

Only what is sure by the text alone: whole texts that are equal, numbers, and dates and
timestamps in ISO form. Where a time zone may move a day, two days must lie between.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from zdm.model.commands import AlterTable
from zdm.model.expression import Expression
from zdm.model.schema import Column, Table
from zdm.model.syntax import PartitionBound
from zdm.parse import comparisons
from zdm.parse.readers import authority
from zdm.schema import type_names
from zdm.schema.impact import bounds

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric"})
_TEXTS = frozenset({"text", "character varying"})
_TIMES = ("date", "timestamp")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?([+-]\d\d(:?\d\d)?)?")
_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
_OF_ZONES = timedelta(days=2)


def read(text: str) -> PartitionBound | None:
    """The bound that the server prints so; None where it is not known."""
    if not text:
        return None
    sql = f"ALTER TABLE a ATTACH PARTITION b {text}"
    actions = authority.of_step(sql, (), ("public",))
    said = actions[0].said
    return said.bound if isinstance(said, AlterTable) else None


def apart(one: PartitionBound, other: PartitionBound, parent: Table) -> bool:
    """Whether it is sure that no row belongs to both."""
    column = bounds.key(parent)
    if column is None or one.kind != other.kind:
        return False
    found = parent.require_column(column)
    if one.kind == "list":
        values = [_values(bound.values, found) for bound in (one, other)]
        return all(_differ(a, b, found) for a in values[0] for b in values[1])
    return one.kind == "range" and (
        _ends_before(one, other, found) or _ends_before(other, one, found)
    )


def _values(values: Sequence[Expression], column: Column) -> list[str | None]:
    """None for what is no constant."""
    texts = [text for v in values for text in (comparisons.constants(v) or (None,))]
    if not column.type.endswith("without time zone"):
        return texts
    return [None if text is None else _MIDNIGHT.sub("", text) for text in texts]


def _differ(one: str | None, other: str | None, column: Column) -> bool:
    if one is None or other is None:
        return False
    type_, _ = type_names.split(column.type)
    if type_ in _TEXTS:  # two texts are equal by a collation of the column at most
        return one != other and column.collation is None
    return _is_before(one, other, column) or _is_before(other, one, column)


def _ends_before(one: PartitionBound, other: PartitionBound, column: Column) -> bool:
    """The end of a RANGE does not belong to it."""
    if bounds.is_open(one.upper) or bounds.is_open(other.lower):
        return False
    end, start = _values(one.upper, column)[0], _values(other.lower, column)[0]
    return end is not None and (end == start or _is_before(end, start, column))


def _is_before(one: str | None, other: str | None, column: Column) -> bool:
    """Whether it is surely the smaller value."""
    if one is None or other is None:
        return False
    type_, _ = type_names.split(column.type)
    if type_ in _NUMBERS:
        try:
            return Decimal(one) < Decimal(other)
        except InvalidOperation:
            return False
    if not type_.startswith(_TIMES):
        return False
    days = _day(one), _day(other)
    between = _OF_ZONES if type_.endswith("with time zone") else timedelta(days=1)
    return days[0] is not None and days[1] is not None and days[0] + between <= days[1]


def _day(text: str) -> date | None:
    found = _ISO.fullmatch(text)
    try:
        return None if found is None else date.fromisoformat(found[1])
    except ValueError:
        return None
