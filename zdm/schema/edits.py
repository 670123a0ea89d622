"""Pure edits of a Snapshot: what an operation leaves for the ones after it.

DROP COLUMN also drops whatever depends on that column, alone or with others: indexes,
constraints, owned sequences, extended statistics (manual, ALTER TABLE).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence as Ordered
from typing import Literal

from msgspec.structs import replace

from zdm.model.catalog.indexed import by_name, exchanged, having, named, spliced
from zdm.model.schema import (
    Column,
    Constraint,
    Index,
    Name,
    Policy,
    Sequence,
    Snapshot,
    Table,
    Trigger,
    Type,
    View,
)
from zdm.model.statement import Action

# What can have a comment, and the field of Table that holds it; empty for the table itself.
COMMENTED = {
    "table": "",
    "column": "columns",
    "constraint": "constraints",
    "trigger": "triggers",
    "index": "indexes",
    "policy": "policies",
}
_Part = Column | Constraint | Index | Policy | Trigger


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
    return replace(table, **{field: changed})


def _place_of(tables: Ordered[Table], name: Name) -> int:
    """Where a table of that name is, or would have to be put to keep the order of names."""
    return bisect_left(tables, (name.schema, name.name), key=by_name)


def put_type(snapshot: Snapshot, changed: Type) -> Snapshot:
    """The type in the place of the one of its name."""
    types = snapshot.types
    for there in named(types, changed.name):
        types = exchanged(types, there, changed)
    return replace(snapshot, types=types)


def keep_filled(snapshot: Snapshot, place: tuple[Name, str]) -> Snapshot:
    """The column of that table, in which this train leaves no NULL."""
    name, column = place
    kept = replace(snapshot.require_table(name).require_column(column), kept_filled=True)
    return put_column(snapshot, name, kept)


def leave_unwritten(snapshot: Snapshot, place: tuple[Name, str]) -> Snapshot:
    """The column of that table, which this train adds and does not fill."""
    return _written(snapshot, place, unwritten=True)


def write(snapshot: Snapshot, place: tuple[Name, str]) -> Snapshot:
    """The column of that table, which an UPDATE of this train sets."""
    return _updated(_written(snapshot, place, unwritten=False), place, "once")


def write_again(snapshot: Snapshot, place: tuple[Name, str]) -> Snapshot:
    """The same, and in the contract once more."""
    return _updated(snapshot, place, "again")


def _updated(
    snapshot: Snapshot, place: tuple[Name, str], when: Literal["once", "again"]
) -> Snapshot:
    name, column = place
    table = snapshot.table(name)
    there = None if table is None else table.column(column)
    if there is None or there.updated == when:
        return snapshot
    return put_column(snapshot, name, replace(there, updated=when))


def _written(snapshot: Snapshot, place: tuple[Name, str], *, unwritten: bool) -> Snapshot:
    name, column = place
    table = snapshot.table(name)
    there = None if table is None else table.column(column)
    if there is None or there.unwritten is unwritten:
        return snapshot
    return put_column(snapshot, name, replace(there, unwritten=unwritten))


def unknown(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot, of which not all is known since the Action."""
    return snapshot if snapshot.opaque else replace(snapshot, opaque=str(action.source))


def exchange_table(snapshot: Snapshot, old: Name, table: Table) -> Snapshot:
    """The table, under another name, instead of the one of that name."""
    place = _place_of(snapshot.tables, old)
    left = replace(snapshot, tables=spliced(snapshot.tables, place, place + 1))
    return put_table(left, table)


def put_view(snapshot: Snapshot, view: View) -> Snapshot:
    """The Snapshot with one more view."""
    place = bisect_right(snapshot.views, by_name(view), key=by_name)
    return replace(snapshot, views=spliced(snapshot.views, place, place, view))


def drop_view(snapshot: Snapshot, name: Name) -> Snapshot:
    """The Snapshot without the view, which no table has among its dependents any more."""
    views = snapshot.views
    for there in named(views, name):
        views = exchanged(views, there)
    return forget_view(replace(snapshot, views=views), name)


def put_table(snapshot: Snapshot, table: Table) -> Snapshot:
    """Add the table, or put it in the place of the one with its name."""
    place = _place_of(snapshot.tables, table.name)
    behind = place + (snapshot.table(table.name) is not None)
    return replace(snapshot, tables=spliced(snapshot.tables, place, behind, table))


def drop_table(snapshot: Snapshot, name: Name) -> Snapshot:
    """Drop the table, with the sequences it owns."""
    tables, place = snapshot.tables, _place_of(snapshot.tables, name)
    if snapshot.table(name) is not None:
        tables = spliced(tables, place, place + 1)
    return replace(snapshot, tables=tables, sequences=_not_owned(snapshot, name))


def forget_view(snapshot: Snapshot, view: Name) -> Snapshot:
    """No table has the view among its dependents any more."""
    known = (f"{view.schema}.{view.name}", f"view {view}", f"materialized view {view}")
    for word in known:
        for table in having(snapshot.tables, "dependent", word):
            left = tuple(d for d in table.dependents if d.name != word)
            snapshot = put_table(snapshot, replace(table, dependents=left))
    return snapshot


def put_column(snapshot: Snapshot, name: Name, column: Column) -> Snapshot:
    """Add the column at the end, or put it in the place of the one with its name."""
    return put_table(snapshot, with_column(snapshot.require_table(name), column))


def with_column(table: Table, column: Column) -> Table:
    """The table with the column at the end, or in the place of the one with its name."""
    if table.column(column.name) is None:
        return replace(table, columns=(*table.columns, column))
    columns = (column if c.name == column.name else c for c in table.columns)
    return replace(table, columns=tuple(columns))


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
    owned = replace(snapshot, sequences=_not_owned(snapshot, name, column))
    return put_table(owned, left)


def _not_owned(
    snapshot: Snapshot, table: Name, column: str | None = None
) -> tuple[Sequence, ...]:
    """The sequences without those of the table, or of that column of it."""
    left = snapshot.sequences
    for owned in having(left, "owner", table.schema, table.name):
        if column in (None, owned.owner_column):
            left = exchanged(left, owned)
    return left


def put_constraint(snapshot: Snapshot, name: Name, constraint: Constraint) -> Snapshot:
    """Add the constraint, or put it in the place of the one with its name."""
    return put_table(snapshot, with_constraint(snapshot.require_table(name), constraint))


def with_constraint(table: Table, constraint: Constraint) -> Table:
    """The table with the constraint, in the place of the one with its name."""
    return replace(table, constraints=_with_constraint(table, constraint))


def with_key(table: Table, constraint: Constraint, index: Index) -> Table:
    """The same, and with its index."""
    constraints = _with_constraint(table, constraint)
    return replace(table, constraints=constraints, indexes=_with_index(table, index))


def _with_constraint(table: Table, constraint: Constraint) -> tuple[Constraint, ...]:
    others = [c for c in table.constraints if c.name != constraint.name]
    return tuple(sorted([*others, constraint], key=lambda c: c.name))


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
    return put_table(snapshot, with_index(snapshot.require_table(name), index))


def with_index(table: Table, index: Index) -> Table:
    """The table with the index, in the place of the one with its name."""
    return replace(table, indexes=_with_index(table, index))


def _with_index(table: Table, index: Index) -> tuple[Index, ...]:
    others = [i for i in table.indexes if i.name != index.name]
    return tuple(sorted([*others, index], key=lambda i: i.name))


def drop_index(snapshot: Snapshot, name: Name, index: str) -> Snapshot:
    """Drop the index."""
    table = snapshot.require_table(name)
    return put_table(
        snapshot, replace(table, indexes=tuple(i for i in table.indexes if i.name != index))
    )


def put_sequence(snapshot: Snapshot, sequence: Sequence) -> Snapshot:
    """The Snapshot with one more sequence."""
    place = bisect_right(snapshot.sequences, by_name(sequence), key=by_name)
    return replace(snapshot, sequences=spliced(snapshot.sequences, place, place, sequence))
