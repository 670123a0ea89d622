"""The key by which a backfill walks a table: the primary key, else a unique index on NOT
NULL columns that is valid, not partial and without expressions; else none, which means ctid
pages (TID range scan, PostgreSQL 14 and later).
"""

from zdm.model.schema import Index, Table


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
    return all(column is not None and column.not_null for column in columns)
