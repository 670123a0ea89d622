"""NOT NULL of columns: from PostgreSQL 18 on it is a constraint with a name."""

from dataclasses import replace

from zdm.model.schema import Column, Constraint, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.schema import edits, family, generated_names

NAMED = 18  # the first version in which it is a constraint


def of(table: Table, column: str) -> Constraint | None:
    """The column's constraint."""
    found = (c for c in table.constraints if c.kind == "not null" and c.columns == (column,))
    return next(found, None)


def put(
    snapshot: Snapshot, name: Name, column: str, constraint: str = "", *, valid: bool = True
) -> Snapshot:
    """The column of this table NOT NULL, under this name or the one that PostgreSQL chooses."""
    there = snapshot.require_table(name)
    table = added(snapshot, there, column, constraint, valid=valid)
    return snapshot if table is there else edits.put_table(snapshot, table)


def added(
    snapshot: Snapshot, there: Table, column: str, constraint: str = "", *, valid: bool = True
) -> Table:
    """The same of a table that the Snapshot may have as it was before other changes."""
    own, old = there.column(column), of(there, column)  # an opaque table may have it unseen
    table = there
    if own is not None and not own.not_null:
        table = edits.with_column(there, replace(own, not_null=True))
    if snapshot.major < NAMED:
        return table
    if old is None:
        made = Constraint(
            name=constraint or generated_names.of_not_null(snapshot, there, column),
            kind="not null",
            columns=(column,),
            definition=f"NOT NULL {ident(column)}",
            validated=valid,
        )
        return edits.with_constraint(table, made)
    if valid and not old.validated:
        return edits.with_constraint(table, replace(old, validated=True))
    return table


def put_below(snapshot: Snapshot, name: Name, column: str) -> Snapshot:
    """The same for all tables below, as the table has it now."""
    own = of(snapshot.require_table(name), column)
    for child in family.below(snapshot, name):
        if snapshot.require_table(child).column(column) is not None:
            snapshot = inherit(snapshot, child, column, own)
    return snapshot


def inherit(snapshot: Snapshot, name: Name, column: str, own: Constraint | None) -> Snapshot:
    """The column NOT NULL because that of a table above is."""
    there = of(snapshot.require_table(name), column)
    wanted = own.name if own is not None else ""
    valid = own is None or own.validated
    snapshot = put(snapshot, name, column, wanted, valid=valid)
    made = of(snapshot.require_table(name), column)
    if there is not None or made is None:
        return snapshot
    return edits.put_constraint(snapshot, name, replace(made, inherited=True))


def required(snapshot: Snapshot, table: Table, column: Column) -> bool:
    """Whether something else of the table needs it: the primary key, an identity, the index
    that is its replica identity."""
    if any(index.replica_identity and column.name in index.keys for index in table.indexes):
        return True
    return bool(column.identity) or column.name in family.primary_key(snapshot, table)


def drop(snapshot: Snapshot, name: Name, column: str) -> Snapshot:
    """The column of this table without NOT NULL."""
    table = snapshot.require_table(name)
    left = tuple(c for c in table.constraints if c.kind != "not null" or c.columns != (column,))
    snapshot = edits.put_table(snapshot, replace(table, constraints=left))
    changed = replace(table.require_column(column), not_null=False)
    return edits.put_column(snapshot, name, changed)
