"""Columns that the train adds, and that the old version therefore does not write.

Its rows have NULL in them or the default, and it changes them in no row of the new version.
"""

from collections.abc import Sequence

from zdm.model.schema import Column, Snapshot, Table
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import AddConstraint
from zdm.parse import mentioned
from zdm.recipes.column import refusing
from zdm.recipes.column.refusing import Omitted
from zdm.recipes.reading import statements, updates
from zdm.recipes.trigger import computed_column

_NEED = (ActionKind.SET_NOT_NULL, ActionKind.ADD_CONSTRAINT)


def is_set(later: Sequence[Action], table: Table, column: Column, *, each: bool) -> bool:
    """Whether the train sets it in rows of the old version too, or changes the default that
    they get. `each`: until it is dropped, the default gives each row another value."""
    kinds = (ActionKind.SET_DEFAULT, *(() if each else (ActionKind.DROP_DEFAULT,)))
    facts = ((action, statements.fact(action, ActionKind.UPDATE, *kinds)) for action in later)
    return any(
        fact is not None
        and fact.table == table.name
        and column.name in (fact.name, *updates.targets(action))
        for action, fact in facts
    )


def left(later: Sequence[Action], table: Table, column: Column) -> tuple[str, str] | None:
    """What the rows have in it that the old version writes after an UPDATE which sets it, and
    what to do. Where NOT NULL or a CHECK needs it, that UPDATE runs once more when the old
    version is gone; a foreign key takes NULL, and a default that refers to a row."""
    if not _is_updated(later, table, column.name):
        return None
    facts = ((a, statements.fact(a, *_NEED)) for a in later)
    own = [a for a, fact in facts if fact is not None and fact.table == table.name]
    if any(_refuses(a, column) for a in own):
        return None
    value = "NULL" if column.default is None else column.default
    rows = "rows that the old version writes after the UPDATE have"
    if column.default is not None and any(_refers(a, column) for a in own):
        return (
            f"{rows} {value} in {column.name} of {table.name}; where its foreign key refers to"
            " no row by that, they stop the contract",
            "see that there is such a row, or correct them when the contract has stopped",
        )
    return (
        f"{rows} {value} in {column.name} of {table.name}",
        "let the new version accept that, or run the UPDATE once more in a later release",
    )


def _is_updated(later: Sequence[Action], table: Table, column: str) -> bool:
    facts = ((a, statements.fact(a, ActionKind.UPDATE)) for a in later)
    own = (a for a, fact in facts if fact is not None and fact.table == table.name)
    return any(column in updates.targets(a) for a in own)


def _refuses(action: Action, column: Column) -> bool:
    """Whether the constraint may refuse what the rows of the old version have in it."""
    said = action.said
    if isinstance(said, AddConstraint) and said.constraint.kind != "check":
        return False
    if not isinstance(said, AddConstraint) and column.default is not None:
        return False
    return column.name in mentioned.words(action)


def _refers(action: Action, column: Column) -> bool:
    said = action.said
    if not isinstance(said, AddConstraint) or said.constraint.kind != "foreign key":
        return False
    return column.name in said.constraint.columns


def all_of(columns: tuple[str, ...], table: Table) -> bool:
    """Whether the old version writes none of the columns."""
    return all(column is not None and column.unwritten for column in _known(columns, table))


def left_null(columns: tuple[str, ...], table: Table, snapshot: Snapshot) -> frozenset[str]:
    """Those of them that hold NULL in each row of the old version."""
    return frozenset(
        column.name
        for column in _known(columns, table)
        if column is not None
        and column.unwritten
        and refusing.omitted(column, snapshot) is Omitted.NULL
    )


def left_different(
    columns: tuple[str, ...], table: Table, snapshot: Snapshot
) -> frozenset[str]:
    """Those of them that hold another value in each row of the old version."""
    return frozenset(
        column.name
        for column in _known(columns, table)
        if column is not None
        and column.unwritten
        and refusing.omitted(column, snapshot) is Omitted.EACH
    )


def _known(columns: tuple[str, ...], table: Table) -> tuple[Column | None, ...]:
    return tuple(table.column(column) for column in columns)


def is_loosened(later: Sequence[Action], table: Table, fill: str | None) -> bool:
    """Whether the train lets a column be NULL that the fill reads."""
    if fill is None:
        return False
    reads = computed_column.inputs(fill, table)
    facts = (statements.fact(action, ActionKind.DROP_NOT_NULL) for action in later)
    dropped = {fact.name for fact in facts if fact is not None and fact.table == table.name}
    return any(column.name in dropped for column in reads)
