"""Pure edits of a Snapshot: what an operation leaves for the ones after it.

DROP COLUMN also drops whatever depends on that column, alone or with others: indexes,
constraints, owned sequences, extended statistics (manual, ALTER TABLE).
"""

from dataclasses import replace

from zdm.model.schema import (
    Column,
    Constraint,
    Index,
    Name,
    Sequence,
    Snapshot,
    Table,
    place_of,
)
from zdm.parse import rewrite


def put_table(snapshot: Snapshot, table: Table) -> Snapshot:
    """Add the table, or put it in the place of the one with its name."""
    place = place_of(snapshot.tables, table.name)
    there = snapshot.table(table.name) is not None
    behind = snapshot.tables[place + 1 :] if there else snapshot.tables[place:]
    return replace(snapshot, tables=(*snapshot.tables[:place], table, *behind))


def drop_table(snapshot: Snapshot, name: Name) -> Snapshot:
    """Drop the table, with the sequences it owns."""
    return replace(
        snapshot,
        tables=tuple(t for t in snapshot.tables if t.name != name),
        sequences=tuple(s for s in snapshot.sequences if s.owner_table != name),
    )


def put_column(snapshot: Snapshot, name: Name, column: Column) -> Snapshot:
    """Add the column at the end, or put it in the place of the one with its name."""
    table = snapshot.require_table(name)
    if table.column(column.name) is None:
        columns = (*table.columns, column)
    else:
        columns = tuple(column if c.name == column.name else c for c in table.columns)
    return put_table(snapshot, replace(table, columns=columns))


def drop_column(snapshot: Snapshot, name: Name, column: str) -> Snapshot:
    """Drop the column, with all that is dropped with it."""
    table = snapshot.require_table(name)
    gone = {c.name for c in table.constraints if column in c.columns}
    left = replace(
        table,
        columns=tuple(c for c in table.columns if c.name != column),
        constraints=tuple(c for c in table.constraints if c.name not in gone),
        indexes=tuple(
            i for i in table.indexes if column not in i.columns and i.constraint not in gone
        ),
        dependents=tuple(d for d in table.dependents if d.column != column),
    )
    owned = replace(
        snapshot,
        sequences=tuple(
            s for s in snapshot.sequences if (s.owner_table, s.owner_column) != (name, column)
        ),
    )
    return put_table(owned, left)


def rename_column(snapshot: Snapshot, name: Name, old: str, new: str) -> Snapshot:
    """Another name for the column, also in all that depends on it."""
    table = snapshot.require_table(name)
    renamed = replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        constraints=tuple(_renamed_constraint(c, name, old, new) for c in table.constraints),
        indexes=tuple(_renamed_index(i, old, new) for i in table.indexes),
        dependents=tuple(
            replace(d, column=new) if d.column == old else d for d in table.dependents
        ),
    )
    return put_table(snapshot, renamed)


def _renamed_constraint(constraint: Constraint, table: Name, old: str, new: str) -> Constraint:
    if old not in constraint.columns:
        return constraint
    return replace(
        constraint,
        columns=tuple(new if c == old else c for c in constraint.columns),
        definition=rewrite.constraint_text(constraint.definition, table, old, new),
    )


def _renamed_index(index: Index, old: str, new: str) -> Index:
    if old not in index.columns:
        return index
    return replace(
        index,
        keys=tuple(new if k == old else k for k in index.keys),
        columns=tuple(new if c == old else c for c in index.columns),
        definition=rewrite.index(
            index.definition, old, new, name=index.name, concurrently=False
        ),
    )


def put_constraint(snapshot: Snapshot, name: Name, constraint: Constraint) -> Snapshot:
    """Add the constraint, or put it in the place of the one with its name."""
    table = snapshot.require_table(name)
    others = [c for c in table.constraints if c.name != constraint.name]
    constraints = tuple(sorted([*others, constraint], key=lambda c: c.name))
    return put_table(snapshot, replace(table, constraints=constraints))


def drop_constraint(snapshot: Snapshot, name: Name, constraint: str) -> Snapshot:
    """Drop the constraint, with its index."""
    table = snapshot.require_table(name)
    left = replace(
        table,
        constraints=tuple(c for c in table.constraints if c.name != constraint),
        indexes=tuple(i for i in table.indexes if i.constraint != constraint),
    )
    return put_table(snapshot, left)


def put_index(snapshot: Snapshot, name: Name, index: Index) -> Snapshot:
    """Add the index, or put it in the place of the one with its name."""
    table = snapshot.require_table(name)
    others = [i for i in table.indexes if i.name != index.name]
    indexes = tuple(sorted([*others, index], key=lambda i: i.name))
    return put_table(snapshot, replace(table, indexes=indexes))


def drop_index(snapshot: Snapshot, name: Name, index: str) -> Snapshot:
    """Drop the index."""
    table = snapshot.require_table(name)
    return put_table(
        snapshot, replace(table, indexes=tuple(i for i in table.indexes if i.name != index))
    )


def put_sequence(snapshot: Snapshot, sequence: Sequence) -> Snapshot:
    """The Snapshot with one more sequence."""
    sequences = sorted([*snapshot.sequences, sequence], key=lambda s: s.name)
    return replace(snapshot, sequences=tuple(sequences))
