"""Another name for a table, a column, a type or a view: whatever refers to it follows."""

from dataclasses import replace

from zdm.model.schema import (
    Constraint,
    Index,
    Name,
    Snapshot,
    Table,
    View,
    sorted_tables,
)
from zdm.parse import expressions, rewrite
from zdm.schema import edits, type_names
from zdm.schema import sequences as used


def table(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the table; foreign keys, partitions, inheritance, views and
    owned sequences follow it. A sequence that it owns moves with it into another schema."""
    snapshot = type_(snapshot, old, new)
    for owned in [s for s in snapshot.sequences if s.owner_table == old]:
        snapshot = sequence(snapshot, owned.name, replace(owned.name, schema=new.schema))
    owners = (
        replace(s, owner_table=new) if s.owner_table == old else s for s in snapshot.sequences
    )
    return replace(
        snapshot,
        sequences=tuple(owners),
        tables=sorted_tables(
            _table(t, old, new) if _names(t, old) else t for t in snapshot.tables
        ),
        views=tuple(_using(v, old, new) for v in snapshot.views),
    )


def _table(one: Table, old: Name, new: Name) -> Table:
    def name(other: Name | None) -> Name | None:
        return new if other == old else other

    return replace(
        one,
        name=new if one.name == old else one.name,
        constraints=tuple(
            _referencing(c, one.name, new) if c.references == old else c
            for c in one.constraints
        ),
        partition_of=name(one.partition_of),
        inherits=tuple(new if parent == old else parent for parent in one.inherits),
    )


def _referencing(key: Constraint, table: Name, target: Name) -> Constraint:
    text = key.definition  # empty on a table of this train
    text = rewrite.foreign_key_to(text, table, target) if text else ""
    return replace(key, references=target, definition=text)


def _using(view: View, old: Name, new: Name) -> View:
    if all(relation != old for relation, _ in view.uses):
        return view
    return replace(view, uses=tuple((new if r == old else r, c) for r, c in view.uses))


def _names(table: Table, name: Name) -> bool:
    return (
        name in (table.name, table.partition_of)
        or name in table.inherits
        or any(c.references == name for c in table.constraints)
    )


def type_(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Columns of the type are printed with its new name."""
    before, after = type_names.str_qualified(old), type_names.str_qualified(new)
    texts = {before: after, f"{before}[]": f"{after}[]"}
    if not any(c.type in texts for t in snapshot.tables for c in t.columns):
        return snapshot
    return replace(
        snapshot,
        tables=tuple(
            replace(
                t, columns=tuple(replace(c, type=texts.get(c.type, c.type)) for c in t.columns)
            )
            for t in snapshot.tables
        ),
    )


def view(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the view; views on it and dependents of tables follow it."""
    snapshot = type_(snapshot, old, new)
    before, after = f"{old.schema}.{old.name}", f"{new.schema}.{new.name}"
    renamed = (
        replace(v, name=new if v.name == old else v.name)
        for v in (_using(v, old, new) for v in snapshot.views)
    )
    return replace(
        snapshot,
        views=tuple(sorted(renamed, key=lambda v: v.name)),
        tables=tuple(
            replace(
                t,
                dependents=tuple(
                    replace(d, name=after) if d.name == before else d for d in t.dependents
                ),
            )
            if any(d.name == before for d in t.dependents)
            else t
            for t in snapshot.tables
        ),
    )


def column(snapshot: Snapshot, name: Name, old: str, new: str) -> Snapshot:
    """Another name for the column of this table, also in all that depends on it."""

    def word(one: str) -> str:
        return new if one == old else one

    def changed(one: Table) -> Table:
        return replace(
            one,
            columns=tuple(
                replace(c, name=word(c.name), default=_expression(c.default, old, new))
                if c.name == old or c.generated
                else c
                for c in one.columns
            ),
            constraints=tuple(_constraint(c, name, old, new) for c in one.constraints),
            indexes=tuple(_index(i, old, new) for i in one.indexes),
            triggers=tuple(
                replace(t, columns=tuple(map(word, t.columns))) for t in one.triggers
            ),
            policies=tuple(
                replace(p, columns=tuple(map(word, p.columns))) for p in one.policies
            ),
            dependents=tuple(replace(d, column=word(d.column)) for d in one.dependents),
            partition_key=_expression(one.partition_key, old, new),
        )

    return replace(
        snapshot,
        tables=tuple(
            _referring(changed(t) if t.name == name else t, name, old, new)
            for t in snapshot.tables
        ),
        sequences=tuple(
            replace(s, owner_column=new)
            if (s.owner_table, s.owner_column) == (name, old)
            else s
            for s in snapshot.sequences
        ),
        views=tuple(
            replace(v, uses=tuple((r, new if (r, c) == (name, old) else c) for r, c in v.uses))
            if (name, old) in v.uses
            else v
            for v in snapshot.views
        ),
    )


def sequence(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the sequence, also in defaults."""
    sequences = (replace(s, name=new) if s.name == old else s for s in snapshot.sequences)
    snapshot = replace(snapshot, sequences=tuple(sorted(sequences, key=lambda s: s.name)))
    for table in snapshot.tables:
        for one in table.columns:
            if one.default is not None and used.uses(one.default, old):
                renamed = replace(one, default=used.default(new))
                snapshot = edits.put_column(snapshot, table.name, renamed)
    return snapshot


def _expression(text: str | None, old: str, new: str) -> str | None:
    if text is None or old not in expressions.columns(expressions.read(text)):
        return text
    return rewrite.expression(text, old, new)


def _referring(table: Table, name: Name, old: str, new: str) -> Table:
    """Foreign keys on the column."""
    if not any(c.references == name and old in c.referenced_columns for c in table.constraints):
        return table
    return replace(
        table,
        constraints=tuple(
            replace(
                c,
                referenced_columns=tuple(new if r == old else r for r in c.referenced_columns),
            )
            if c.references == name
            else c
            for c in table.constraints
        ),
    )


def _constraint(constraint: Constraint, table: Name, old: str, new: str) -> Constraint:
    if old not in constraint.columns:
        return constraint
    text = constraint.definition  # empty on a table of this train
    return replace(
        constraint,
        columns=tuple(new if c == old else c for c in constraint.columns),
        definition=rewrite.constraint_text(text, table, old, new) if text else "",
    )


def _index(index: Index, old: str, new: str) -> Index:
    if old not in index.columns:
        return index
    text = index.definition
    return replace(
        index,
        keys=tuple(new if k == old else k for k in index.keys),
        columns=tuple(new if c == old else c for c in index.columns),
        predicate=_expression(index.predicate, old, new),
        definition=rewrite.index(text, old, new, name=index.name, concurrently=False)
        if text
        else "",
    )
