"""NOT NULL of columns: from PostgreSQL 18 on it is a constraint with a name."""

from collections.abc import Iterable

from msgspec.structs import replace

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
    return every(snapshot, there, ((column, constraint),), valid=valid)


def every(
    snapshot: Snapshot, there: Table, wanted: Iterable[tuple[str, str]], *, valid: bool = True
) -> Table:
    """The same of several columns, each with the name of its constraint, or none."""
    columns = list(there.columns)  # an opaque table may have others unseen
    constraints = list(there.constraints)
    for column, name in wanted:
        for place, own in enumerate(columns):
            if own.name == column and not own.not_null:
                columns[place] = replace(own, not_null=True)
        if snapshot.major >= NAMED:
            _put(constraints, snapshot, there.name, (column, name), valid=valid)
    if columns == [*there.columns] and constraints == [*there.constraints]:
        return there
    constraints.sort(key=lambda one: one.name)
    return replace(there, columns=tuple(columns), constraints=tuple(constraints))


def _put(
    constraints: list[Constraint],
    snapshot: Snapshot,
    table: Name,
    wanted: tuple[str, str],
    *,
    valid: bool,
) -> None:
    column, name = wanted
    for place, old in enumerate(constraints):
        if old.kind == "not null" and old.columns == (column,):
            if valid and not old.validated:
                constraints[place] = replace(old, validated=True)
            return
    own = {one.name for one in constraints}
    made = Constraint(
        name=name or generated_names.of_not_null(snapshot, table, own, column),
        kind="not null",
        columns=(column,),
        definition=f"NOT NULL {ident(column)}",
        validated=valid,
    )
    constraints[:] = [*(one for one in constraints if one.name != made.name), made]


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
