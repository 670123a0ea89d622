"""What depends on a column and makes even a free change of its type scan, build or lock.

Which changes are free: `schema.type_change`. A CHECK is scanned again, an expression or partial
index is built again, and a view, policy or trigger makes it an error (measured 11-18).
"""

from zdm.model.schema import Table


def rechecked(table: Table, column: str) -> tuple[str, ...]:
    """What on the column makes even a free change scan, build or lock another table."""
    found = [
        f"{c.kind} {c.name}"
        for c in table.constraints
        if column in c.columns
        and c.kind in {"check", "foreign key", "exclusion"}
        and (c.validated or c.kind != "check")  # one that is NOT VALID is not scanned
    ]
    found += [
        f"index {i.name} (expression or predicate)"
        for i in table.indexes
        if column in i.columns and (i.predicate is not None or None in i.keys)
    ]
    return tuple(found)
