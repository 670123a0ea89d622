"""What happens when an INSERT runs a second time, after a rollback that left its rows."""

from enum import StrEnum

from zdm.model.expression import Expression
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Action
from zdm.model.syntax import Insert
from zdm.parse import expressions, mentioned
from zdm.recipes.reading import correlated


class Second(StrEnum):
    """What a second run does."""

    NOTHING = "nothing"
    FAILS = "fails"  # keys are taken
    DOUBLES = "doubles"


def of_insert(action: Action, table: Table, snapshot: Snapshot) -> Second:
    """By the unique indexes whose values the INSERT writes out."""
    says = action.said
    if not isinstance(says, Insert):
        return Second.NOTHING
    given = _given(action, says, table, snapshot)
    unique = [index for index in table.indexes if index.unique and index.valid]
    if not any(given >= {*index.keys, *index.columns} - {None} for index in unique):
        return Second.DOUBLES
    return Second.NOTHING if says.on_conflict else Second.FAILS


def _given(
    action: Action, says: Insert, table: Table, snapshot: Snapshot
) -> frozenset[str | None]:
    """The columns that get the same value in a second run, in every row."""
    rows = mentioned.inserted(action)
    columns = says.columns or tuple(c.name for c in table.columns)
    if not rows:  # DEFAULT VALUES
        return frozenset()
    if any(one is not None and expressions.every_column(one) for row in rows for one in row):
        return frozenset(columns)
    return frozenset(
        column
        for place, column in enumerate(columns)
        if all(place < len(row) and _is_fixed(row[place], snapshot) for row in rows)
    )


def _is_fixed(value: Expression | None, snapshot: Snapshot) -> bool:
    """Whether it is a value, and the same one each time."""
    if value is None or expressions.is_null(value):
        return False
    return correlated.unsettled(expressions.sql(value), snapshot) is None
