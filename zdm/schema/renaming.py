"""Another name for a table, a column, a type or a view: whatever refers to it follows."""

from msgspec.structs import replace

from zdm.model.catalog.indexed import exchanged, having, named
from zdm.model.schema import (
    Constraint,
    Index,
    Name,
    Snapshot,
    Table,
    View,
)
from zdm.parse import expressions, rewrite
from zdm.schema import edits, type_names
from zdm.schema import sequences as used


def table(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the table; foreign keys, partitions, inheritance, views and
    owned sequences follow it. A sequence that it owns moves with it into another schema."""
    snapshot = type_(snapshot, old, new)
    word = (old.schema, old.name)
    for owned in having(snapshot.sequences, "owner", *word):
        snapshot = sequence(snapshot, owned.name, replace(owned.name, schema=new.schema))
    sequences, views = snapshot.sequences, snapshot.views
    for owned in having(sequences, "owner", *word):
        sequences = exchanged(sequences, owned, replace(owned, owner_table=new))
    for view in having(views, "uses", *word):
        views = exchanged(views, view, _using(view, old, new))
    snapshot = replace(snapshot, sequences=sequences, views=views)
    tables = having(snapshot.tables, "references", *word)
    tables += having(snapshot.tables, "above", *word)
    for name in {old, *(table.name for table in tables)}:
        there = snapshot.table(name)
        if there is not None:
            snapshot = edits.exchange_table(snapshot, name, _table(there, old, new))
    return snapshot


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


def type_(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Columns of the type are printed with its new name."""
    before, after = type_names.str_qualified(old), type_names.str_qualified(new)
    texts = {before: after, f"{before}[]": f"{after}[]"}
    for table in having(snapshot.tables, "of", before):
        columns = (replace(c, type=texts.get(c.type, c.type)) for c in table.columns)
        snapshot = edits.put_table(snapshot, replace(table, columns=tuple(columns)))
    return snapshot


def view(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the view; views on it and dependents of tables follow it."""
    snapshot = type_(snapshot, old, new)
    before, after = f"{old.schema}.{old.name}", f"{new.schema}.{new.name}"
    views = snapshot.views
    for above in having(views, "uses", old.schema, old.name):
        views = exchanged(views, above, _using(above, old, new))
    for there in named(views, old):
        left = replace(snapshot, views=exchanged(views, there))
        snapshot = edits.put_view(left, replace(there, name=new))
    for table in having(snapshot.tables, "dependent", before):
        dependents = (
            replace(d, name=after) if d.name == before else d for d in table.dependents
        )
        changed = replace(table, dependents=tuple(dependents))
        snapshot = edits.put_table(snapshot, changed)
    return snapshot


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

    snapshot = edits.put_table(snapshot, changed(snapshot.require_table(name)))
    for one in having(snapshot.tables, "references", name.schema, name.name):
        snapshot = edits.put_table(snapshot, _referring(one, name, old, new))
    sequences, views = snapshot.sequences, snapshot.views
    for owned in having(sequences, "owner", name.schema, name.name):
        if owned.owner_column == old:
            sequences = exchanged(sequences, owned, replace(owned, owner_column=new))
    for view in having(views, "uses", name.schema, name.name):
        uses = ((r, new if (r, c) == (name, old) else c) for r, c in view.uses)
        views = exchanged(views, view, replace(view, uses=tuple(uses)))
    return replace(snapshot, sequences=sequences, views=views)


def sequence(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    """Another name or schema for the sequence, also in defaults."""
    for there in named(snapshot.sequences, old):
        left = replace(snapshot, sequences=exchanged(snapshot.sequences, there))
        snapshot = edits.put_sequence(left, replace(there, name=new))
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
