"""What CREATE, DROP, RENAME, COMMENT and ALTER TYPE leave, of tables and of other objects."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from zdm.model.expression import Words
from zdm.model.schema import Name, Snapshot, Table, Type
from zdm.model.statement import Action
from zdm.model.syntax import ChangeEnum, CommentOn, DropObjects, RenameObject
from zdm.schema import edits, lookup, new_objects


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE of a schema, type, sequence, view, function … ; what has no name here is
    unknown, and so is what an extension makes."""
    new = new_objects.read(action, snapshot)
    if new is None:
        return replace(snapshot, opaque=True)
    if new_objects.exists(new, snapshot):
        return snapshot
    return new_objects.put(snapshot, new, action)


def comment(snapshot: Snapshot, action: Action) -> Snapshot:
    """COMMENT ON a table or a part of it."""
    said = action.said
    if not isinstance(said, CommentOn):
        return snapshot
    place = lookup.commented(said, snapshot, action.statement.settings)
    if place is None:
        return snapshot
    table, part = place
    return edits.put_table(snapshot, edits.commented(table, said.kind, part, said.text))


def change_enum(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER TYPE … ADD VALUE, RENAME VALUE."""
    said = action.said
    if not isinstance(said, ChangeEnum):
        return snapshot
    name = _found(said.words, {t.name for t in snapshot.types}, snapshot, action)
    return replace(
        snapshot,
        types=tuple(
            replace(t, labels=_labels(t, said)) if t.name == name else t for t in snapshot.types
        ),
    )


def _labels(enum: Type, said: ChangeEnum) -> tuple[str, ...]:
    if said.former:
        return tuple(said.label if old == said.former else old for old in enum.labels)
    if said.label in enum.labels:
        return enum.labels
    if said.neighbour not in enum.labels:
        return (*enum.labels, said.label)
    at = enum.labels.index(said.neighbour) + (1 if said.after else 0)
    return (*enum.labels[:at], said.label, *enum.labels[at:])


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP of one or several objects. What CASCADE takes along beyond foreign keys, views and
    columns of a dropped type is not known."""
    said = action.said
    if not isinstance(said, DropObjects):
        return snapshot
    dropped = _DROPS.get(said.kind)
    if dropped is None:
        return replace(snapshot, opaque=True) if said.kind not in _UNSEEN else snapshot
    for words in said.objects:
        snapshot = dropped(snapshot, words, action)
    return replace(snapshot, opaque=True) if said.cascade else snapshot


def _drop_table(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    name = lookup.found(lookup.relation(words), snapshot, action.statement.settings)
    if snapshot.table(name) is None:
        return snapshot
    for leaf in [t.name for t in snapshot.tables if t.partition_of == name]:
        snapshot = edits.drop_table(snapshot, leaf)
    snapshot = edits.drop_table(snapshot, name)
    for other in snapshot.tables:
        inbound = [c.name for c in other.constraints if c.references == name]
        for constraint in inbound:  # CASCADE: without it the server refuses
            snapshot = edits.drop_constraint(snapshot, other.name, constraint)
    left = tuple(v for v in snapshot.views if name not in {t for t, _ in v.uses})
    return replace(snapshot, views=left)


def _drop_index(snapshot: Snapshot, words: Words, _: Action) -> Snapshot:
    for table in snapshot.tables:
        if len(words) > 1 and table.name.schema != words[0]:
            continue
        if any(i.name == words[-1] and i.constraint is None for i in table.indexes):
            return edits.drop_index(snapshot, table.name, words[-1])
    return snapshot


def _drop_view(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    name = _found(words, {v.name for v in snapshot.views}, snapshot, action)
    return replace(snapshot, views=tuple(v for v in snapshot.views if v.name != name))


def _drop_sequence(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    name = _found(words, {s.name for s in snapshot.sequences}, snapshot, action)
    kept = tuple(s for s in snapshot.sequences if s.name != name)
    return replace(snapshot, sequences=kept)


def _drop_type(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    name = _found(words, {t.name for t in snapshot.types}, snapshot, action)
    return replace(snapshot, types=tuple(t for t in snapshot.types if t.name != name))


def _drop_function(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    """Where there is one of that name; else which one is not known."""
    name = _found(words, {f.name for f in snapshot.functions}, snapshot, action)
    same = [f for f in snapshot.functions if f.name == name]
    if len(same) > 1:
        return replace(snapshot, opaque=True)
    kept = tuple(f for f in snapshot.functions if f.name != name)
    return replace(snapshot, functions=kept)


def _drop_trigger(snapshot: Snapshot, words: Words, action: Action) -> Snapshot:
    name = lookup.found(lookup.relation(words[:-1]), snapshot, action.statement.settings)
    table = snapshot.table(name)
    if table is None:
        return snapshot
    kept = tuple(t for t in table.triggers if t.name != words[-1])
    return edits.put_table(snapshot, replace(table, triggers=kept))


def _drop_schema(snapshot: Snapshot, words: Words, _: Action) -> Snapshot:
    schema = words[-1]
    return replace(
        snapshot,
        schemas=tuple(s for s in snapshot.schemas if s != schema),
        tables=tuple(t for t in snapshot.tables if t.name.schema != schema),
        sequences=tuple(s for s in snapshot.sequences if s.name.schema != schema),
        views=tuple(v for v in snapshot.views if v.name.schema != schema),
        types=tuple(t for t in snapshot.types if t.name.schema != schema),
        functions=tuple(f for f in snapshot.functions if f.name.schema != schema),
    )


def _drop_extension(snapshot: Snapshot, words: Words, _: Action) -> Snapshot:
    kept = tuple(e for e in snapshot.extensions if e.name != words[-1])
    return replace(snapshot, extensions=kept)


_UNSEEN = frozenset({"policy"})  # no part of what is compared
_DROPS: Mapping[str, Callable[[Snapshot, Words, Action], Snapshot]] = {
    "table": _drop_table,
    "index": _drop_index,
    "view": _drop_view,
    "sequence": _drop_sequence,
    "type": _drop_type,
    "function": _drop_function,
    "trigger": _drop_trigger,
    "schema": _drop_schema,
    "extension": _drop_extension,
}


def rename(snapshot: Snapshot, action: Action) -> Snapshot:
    """RENAME of a table, column, constraint, index, view, sequence, type or function."""
    said = action.said
    if not isinstance(said, RenameObject):
        return snapshot
    renamed = _RENAMES.get(said.kind)
    if renamed is None:
        return replace(snapshot, opaque=True)
    return renamed(snapshot, said, action)


def _rename_table(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _table(snapshot, said, action)
    if table is None:
        return _rename_other(snapshot, said, action)  # ALTER TABLE renames views, too
    new = Name(table.name.schema, said.new_name)
    return snapshot if snapshot.table(new) else edits.rename_table(snapshot, table.name, new)


def _rename_column(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _table(snapshot, said, action)
    if table is None or table.column(said.part) is None:
        return snapshot
    if table.column(said.new_name) is not None:
        return snapshot
    return edits.rename_column(snapshot, table.name, said.part, said.new_name)


def _rename_constraint(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _table(snapshot, said, action)
    constraint = table.constraint(said.part) if table is not None else None
    if table is None or constraint is None:
        return snapshot
    changed = replace(
        table,
        constraints=tuple(
            sorted(
                (
                    replace(c, name=said.new_name, index=_same(c.index, said))
                    if c is constraint
                    else c
                    for c in table.constraints
                ),
                key=lambda c: c.name,
            )
        ),
        indexes=tuple(
            sorted(
                (
                    replace(i, name=said.new_name, constraint=said.new_name)
                    if i.constraint == said.part
                    else i
                    for i in table.indexes
                ),
                key=lambda i: i.name,
            )
        ),
    )
    return edits.put_table(snapshot, changed)


def _same(index: str | None, said: RenameObject) -> str | None:
    return said.new_name if index == said.part else index


def _rename_index(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    old = said.words[-1]
    for table in snapshot.tables:
        index = next((i for i in table.indexes if i.name == old), None)
        if index is None or (len(said.words) > 1 and table.name.schema != said.words[0]):
            continue
        if index.constraint is not None:
            of = replace(said, kind="constraint", part=index.constraint, words=_words(table))
            return _rename_constraint(snapshot, of, action)
        snapshot = edits.drop_index(snapshot, table.name, old)
        return edits.put_index(snapshot, table.name, replace(index, name=said.new_name))
    return snapshot


def _rename_other(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    names = {
        one.name
        for kind in (snapshot.views, snapshot.sequences, snapshot.types, snapshot.functions)
        for one in kind
    }
    old = _found(said.words, names, snapshot, action)
    new = Name(old.schema, said.new_name)

    def to(name: Name) -> Name:
        return new if name == old else name

    return replace(
        snapshot,
        views=tuple(
            sorted((replace(v, name=to(v.name)) for v in snapshot.views), key=lambda v: v.name)
        ),
        sequences=tuple(
            sorted(
                (replace(s, name=to(s.name)) for s in snapshot.sequences),
                key=lambda s: s.name,
            )
        ),
        types=tuple(replace(t, name=to(t.name)) for t in snapshot.types),
        functions=tuple(replace(f, name=to(f.name)) for f in snapshot.functions),
    )


def _rename_type(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    """Columns of the type are printed with its new name."""
    old = _found(said.words, {t.name for t in snapshot.types}, snapshot, action)
    renamed = _rename_other(snapshot, said, action)
    return edits.rename_type(renamed, old, Name(old.schema, said.new_name))


_RENAMES: Mapping[str, Callable[[Snapshot, RenameObject, Action], Snapshot]] = {
    "table": _rename_table,
    "column": _rename_column,
    "constraint": _rename_constraint,
    "index": _rename_index,
    "view": _rename_other,
    "sequence": _rename_other,
    "type": _rename_type,
    "function": _rename_other,
}


def _table(snapshot: Snapshot, said: RenameObject, action: Action) -> Table | None:
    relation = lookup.relation(said.words)
    return snapshot.table(lookup.found(relation, snapshot, action.statement.settings))


def _words(table: Table) -> Words:
    return (table.name.schema, table.name.name)


def _found(words: Words, names: set[Name], snapshot: Snapshot, action: Action) -> Name:
    """The one of the names that the words mean; else the name that they would make."""
    return lookup.among(lookup.relation(words), names, snapshot, action.statement.settings)
