"""What the sub-commands of ALTER TABLE leave that are about a constraint."""

from dataclasses import replace

from zdm.model.schema import Constraint, Snapshot, Table
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint
from zdm.schema import edits, new_table
from zdm.schema.columns import named_table


def add(snapshot: Snapshot, action: Action) -> Snapshot:
    """ADD CONSTRAINT."""
    table, said = named_table(snapshot, action), action.said
    if table is None or not isinstance(said, AddConstraint):
        return snapshot
    if said.constraint.name and table.constraint(said.constraint.name) is not None:
        return snapshot
    return new_table.add_constraint(
        snapshot,
        table.name,
        said.constraint,
        said.constraint.columns,
        action.statement.settings,
    )


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP CONSTRAINT; a NOT NULL of PostgreSQL 18 takes the column's with it."""
    found = _constraint(snapshot, action)
    if found is None:
        return snapshot
    table, constraint = found
    if constraint.kind == "not null":
        return new_table.nullable(snapshot, table.name, constraint.columns[0])
    dropped = edits.drop_constraint(snapshot, table.name, constraint.name)
    if constraint.kind in ("primary key", "unique") and _cascades(action):
        return _without_inbound(dropped, table, constraint)
    return dropped


def validate(snapshot: Snapshot, action: Action) -> Snapshot:
    """VALIDATE CONSTRAINT."""
    found = _constraint(snapshot, action)
    if found is None:
        return snapshot
    table, constraint = found
    changed = replace(constraint, validated=True)
    if constraint.kind == "not null":
        return new_table.not_null(snapshot, table.name, constraint.columns)
    return edits.put_constraint(snapshot, table.name, changed)


def _constraint(snapshot: Snapshot, action: Action) -> tuple[Table, Constraint] | None:
    table, fact = named_table(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact):
        return None
    constraint = table.constraint(fact.name)
    return None if constraint is None else (table, constraint)


def _cascades(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.cascade


def _without_inbound(snapshot: Snapshot, table: Table, key: Constraint) -> Snapshot:
    """Without the foreign keys that need the key."""
    for other in snapshot.tables:
        for constraint in other.constraints:
            columns = constraint.referenced_columns or key.columns
            if constraint.references == table.name and columns == key.columns:
                snapshot = edits.drop_constraint(snapshot, other.name, constraint.name)
    return snapshot
