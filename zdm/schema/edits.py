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
    Trigger,
    place_of,
    sorted_tables,
)
from zdm.parse import rewrite
from zdm.schema import type_names

# What can have a comment, and the field of Table that holds it; empty for the table itself.
COMMENTED = {
    "table": "",
    "column": "columns",
    "constraint": "constraints",
    "trigger": "triggers",
    "index": "indexes",
}
_Part = Column | Constraint | Index | Trigger


def part(table: Table, kind: str, name: str) -> _Part | None:
    """The column, constraint, trigger or index of that name."""
    parts: tuple[_Part, ...] = getattr(table, COMMENTED[kind])
    return next((p for p in parts if p.name == name), None)


def commented(table: Table, kind: str, name: str, text: str | None) -> Table:
    """The table with a comment on itself, or on the part of that name."""
    field = COMMENTED[kind]
    if not field:
        return replace(table, comment=text)
    parts: tuple[_Part, ...] = getattr(table, field)
    changed = tuple(replace(p, comment=text) if p.name == name else p for p in parts)
    edited: Table = replace(table, **{field: changed})  # type: ignore[arg-type]
    return edited


def keep_filled(snapshot: Snapshot, place: tuple[Name, str]) -> Snapshot:
    """The column of that table, in which this train leaves no NULL."""
    name, column = place
    kept = replace(snapshot.require_table(name).require_column(column), kept_filled=True)
    return put_column(snapshot, name, kept)


def opaque(table: Table) -> Table:
    """The table, of which not all is known any more."""
    return replace(table, opaque=True)


def rename_type(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Columns of the type are printed with its new name."""
    before, after = type_names.str_qualified(old), type_names.str_qualified(new)
    for table in snapshot.tables:
        if not any(c.type.startswith(before) for c in table.columns):
            continue
        columns = tuple(
            replace(c, type=after + c.type.removeprefix(before))
            if c.type in (before, f"{before}[]")
            else c
            for c in table.columns
        )
        snapshot = put_table(snapshot, replace(table, columns=columns))
    return snapshot


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


def rename_table(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the table; foreign keys, partitions, inheritance, views and
    owned sequences follow it. A sequence that it owns moves with it into another schema."""

    def name(one: Name | None) -> Name | None:
        return new if one == old else one

    def table(one: Table) -> Table:
        keys = tuple(
            _referencing(c, one.name, new) if c.references == old else c
            for c in one.constraints
        )
        parents = tuple(new if parent == old else parent for parent in one.inherits)
        itself = new if one.name == old else one.name
        return replace(
            one,
            name=itself,
            constraints=keys,
            partition_of=name(one.partition_of),
            inherits=parents,
        )

    def sequence(one: Sequence) -> Sequence:
        if one.owner_table != old:
            return one
        moved = replace(one.name, schema=new.schema)
        return replace(one, owner_table=new, name=moved)

    return replace(
        snapshot,
        tables=sorted_tables(table(t) if _names(t, old) else t for t in snapshot.tables),
        sequences=tuple(sequence(s) for s in snapshot.sequences),
        views=tuple(
            replace(v, uses=tuple((new if t == old else t, c) for t, c in v.uses))
            for v in snapshot.views
        ),
    )


def _referencing(key: Constraint, table: Name, target: Name) -> Constraint:
    text = key.definition  # empty on a table of this train
    text = rewrite.foreign_key_to(text, table, target) if text else ""
    return replace(key, references=target, definition=text)


def _names(table: Table, name: Name) -> bool:
    return (
        name in (table.name, table.partition_of)
        or name in table.inherits
        or any(c.references == name for c in table.constraints)
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
    text = constraint.definition  # empty on a table of this train
    return replace(
        constraint,
        columns=tuple(new if c == old else c for c in constraint.columns),
        definition=rewrite.constraint_text(text, table, old, new) if text else "",
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
        )
        if index.definition
        else "",
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
