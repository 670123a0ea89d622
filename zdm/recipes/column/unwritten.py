"""Columns that the train adds, and that the old version therefore does not write.

Its rows have NULL in them or the default, and it changes them in no row of the new version.
"""

from zdm.model.schema import Column, Snapshot, Table
from zdm.recipes.column import refusing
from zdm.recipes.column.refusing import Omitted


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
