"""Whether a value is NULL, of every type.

A row of NULLs is a value, of which IS NULL is true; one with a NULL in it is neither NULL nor
NOT NULL (manual, 9.2).
"""

from zdm.model.schema import Column, Name, Snapshot
from zdm.schema import type_names


def is_null(value: str, column: Column, snapshot: Snapshot) -> str:
    """A condition: the value is NULL."""
    kind = column.type
    labels = {type_names.str_qualified(t.name) for t in snapshot.types if t.labels}
    named = "." in kind or type_names.is_there(snapshot, Name("public", kind))
    if not named or kind.endswith("[]") or kind in labels:
        return f"{value} IS NULL"
    return f"{value} IS NOT DISTINCT FROM NULL"


def is_given(value: str, column: Column, snapshot: Snapshot) -> str:
    """The opposite, which PostgreSQL takes as proof for NOT NULL in either form."""
    found = is_null(value, column, snapshot)
    if found.endswith("IS NULL"):
        return f"{value} IS NOT NULL"
    return f"{value} IS DISTINCT FROM NULL"
