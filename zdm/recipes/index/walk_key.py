"""The key by which a backfill walks a table: the primary key, else a unique index on NOT
NULL columns that is valid, not partial and without expressions; else none, which means ctid
pages (TID range scan, PostgreSQL 14 and later). A NOT NULL that is NOT VALID does not count:
there may be NULLs behind it.
"""

from zdm.model.schema import Column, Index, Table
from zdm.schema import not_null_proof


def walk(table: Table) -> tuple[str, ...]:
    """The key's columns in order; empty means by ctid."""
    if table.primary_key is not None:
        return table.primary_key.columns
    for index in table.indexes:
        if _usable(index, table):
            return tuple(key for key in index.keys if key is not None)
    return ()


def _usable(index: Index, table: Table) -> bool:
    if not (index.unique and index.valid and index.predicate is None):
        return False
    columns = [table.column(key) if key else None for key in index.keys]
    return all(column is not None and _is_given(column, table) for column in columns)


def _is_given(column: Column, table: Table) -> bool:
    return column.not_null and not_null_proof.unvalidated(table, column.name) is None
