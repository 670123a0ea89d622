"""What RENAME and SET SCHEMA leave."""

from collections.abc import Callable, Container, Mapping

from msgspec.structs import replace

from zdm.model.commands import SetSchema
from zdm.model.expression import Words
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, Setting
from zdm.model.syntax import RenameObject
from zdm.parse import rewrite
from zdm.parse.objects import policies
from zdm.schema import edits, family, lookup, renaming, routines, type_names
from zdm.schema.effects import indexes

_Settings = tuple[Setting, ...]


def rename(snapshot: Snapshot, action: Action) -> Snapshot:
    """RENAME."""
    said = action.said
    if not isinstance(said, RenameObject):
        return snapshot
    renamed = _RENAMES.get(said.kind)
    if renamed is None:
        return snapshot  # of a kind that has no name here
    return renamed(snapshot, said, action)


def _table(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    """ALTER TABLE renames views, sequences and indexes, too."""
    table = _named_table(snapshot, said.words, action)
    if table is None:
        for other in (_view, _sequence, _index):
            renamed = other(snapshot, said, action)
            if renamed is not snapshot:
                return renamed
        return snapshot
    new = Name(table.name.schema, said.new_name)
    if lookup.in_use(snapshot, new, types=True):
        return snapshot
    return renaming.table(snapshot, table.name, new)


def _column(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _named_table(snapshot, said.words, action)
    if table is None or table.column(said.part) is None:
        return snapshot  # columns of views are not known
    if family.inherits_column(snapshot, table, said.part):
        return snapshot
    names = (table.name, *family.below(snapshot, table.name))
    if any(snapshot.require_table(name).column(said.new_name) for name in names):
        return snapshot
    for name in names:
        snapshot = renaming.column(snapshot, name, said.part, said.new_name)
    return snapshot


def _constraint(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _named_table(snapshot, said.words, action)
    own = table.constraint(said.part) if table is not None else None
    if table is None or own is None or family.inherits_constraint(snapshot, table, own):
        return snapshot
    if table.constraint(said.new_name) is not None:
        return snapshot
    if own.index is not None:
        if lookup.in_use(snapshot, Name(table.name.schema, said.new_name)):
            return snapshot
        return edits.put_table(snapshot, _with_name(table, own.index, said.new_name))
    below = family.below(snapshot, table.name) if own.kind in ("check", "not null") else ()
    for name in (table.name, *below):
        one = snapshot.require_table(name)
        there = one.constraint(said.part)
        if there is not None and (name == table.name or there.inherited):
            kept = tuple(c for c in one.constraints if c.name != said.part)
            snapshot = edits.put_table(snapshot, replace(one, constraints=kept))
            renamed = replace(there, name=said.new_name)
            snapshot = edits.put_constraint(snapshot, name, renamed)
    return snapshot


def _with_name(table: Table, old: str, new: str) -> Table:
    """The table with another name for an index, and for its constraint."""

    def index(one: Index) -> Index:
        if one.name != old:
            return one
        return replace(one, name=new, constraint=new if one.constraint is not None else None)

    constraints = (
        replace(c, name=new, index=new) if c.index == old else c for c in table.constraints
    )
    return replace(
        table,
        constraints=tuple(sorted(constraints, key=lambda c: c.name)),
        indexes=tuple(sorted(map(index, table.indexes), key=lambda i: i.name)),
    )


def _index(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    settings = action.statement.settings
    table = lookup.table_with_index(said.words, snapshot, settings)
    if table is None:
        of_view = indexes.of_view(said.words, snapshot, settings)
        if of_view is None:
            return snapshot
        return indexes.rename_of_view(snapshot, of_view, said.new_name)
    new = said.new_name
    if lookup.in_use(snapshot, Name(table.name.schema, new)) or table.constraint(new):
        return snapshot
    return edits.put_table(snapshot, _with_name(table, said.words[-1], new))


def _view(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    old = _found(said.words, lookup.Names(snapshot.views), snapshot, action)
    new = None if old is None else Name(old.schema, said.new_name)
    if old is None or new is None or lookup.in_use(snapshot, new, types=True):
        return snapshot
    return renaming.view(snapshot, old, new)


def _sequence(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    old = _found(said.words, lookup.Names(snapshot.sequences), snapshot, action)
    new = None if old is None else Name(old.schema, said.new_name)
    if old is None or new is None or lookup.in_use(snapshot, new):
        return snapshot
    return renaming.sequence(snapshot, old, new)


def _type(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    """Columns of the type are printed with its new name."""
    old = _found(said.words, lookup.Names(snapshot.types), snapshot, action)
    new = None if old is None else Name(old.schema, said.new_name)
    if old is None or new is None or type_names.is_there(snapshot, new):
        return snapshot
    return _renamed_type(snapshot, old, new)


def _renamed_type(snapshot: Snapshot, old: Name, new: Name) -> Snapshot:
    types = (replace(t, name=new) if t.name == old else t for t in snapshot.types)
    return renaming.type_(replace(snapshot, types=tuple(types)), old, new)


def _function(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    name = _found(said.words, lookup.Names(snapshot.functions), snapshot, action)
    if name is None:
        return snapshot
    new = Name(name.schema, said.new_name)
    return _renamed_function(snapshot, (name, new), said.arguments, action)


def _renamed_function(
    snapshot: Snapshot,
    names: tuple[Name, Name],
    arguments: routines.Arguments,
    action: Action,
) -> Snapshot:
    old, new = names
    found = routines.named(snapshot, old, arguments, action.statement.settings)
    if len(found) != 1 or any(
        f.arguments == found[0].arguments and f.name == new for f in snapshot.functions
    ):
        return snapshot
    functions = (replace(f, name=new) if f is found[0] else f for f in snapshot.functions)
    snapshot = replace(snapshot, functions=tuple(functions))
    for table in snapshot.tables:
        if any(trigger.function == old for trigger in table.triggers):
            triggers = (
                replace(x, function=new) if x.function == old else x for x in table.triggers
            )
            snapshot = edits.put_table(snapshot, replace(table, triggers=tuple(triggers)))
    return snapshot


def _trigger(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _named_table(snapshot, said.words, action)
    own = next((t for t in table.triggers if t.name == said.part), None) if table else None
    if table is None or own is None or own.inherited:
        return snapshot
    if any(t.name == said.new_name for t in table.triggers):
        return snapshot
    below = family.below(snapshot, table.name) if snapshot.major >= _TRIGGERS_BELOW else ()
    for name in (table.name, *below):
        one = snapshot.require_table(name)
        renamed = (
            replace(t, name=said.new_name, definition=_defined(t.definition, said.new_name))
            if t.name == said.part and (name == table.name or t.inherited)
            else t
            for t in one.triggers
        )
        triggers = tuple(sorted(renamed, key=lambda t: t.name))
        snapshot = edits.put_table(snapshot, replace(one, triggers=triggers))
    return snapshot


def _defined(definition: str, name: str) -> str:
    """Of one that a test made up there is none."""
    return rewrite.trigger(definition, name) if definition else ""


_TRIGGERS_BELOW = 15  # the first version in which those of partitions are renamed, too


def _schema(snapshot: Snapshot, said: RenameObject, _action: Action) -> Snapshot:
    old, new = said.part, said.new_name
    if old not in snapshot.schemas or new in snapshot.schemas:
        return snapshot
    schemas = tuple(sorted(new if s == old else s for s in snapshot.schemas))
    snapshot = replace(snapshot, schemas=schemas)
    for kind in ("table", "view", "sequence", "type", "function"):
        for name in _names(snapshot, kind):
            if name.schema == old:
                snapshot = _moved(snapshot, kind, name, new)
    return snapshot


def _names(snapshot: Snapshot, kind: str) -> set[Name]:
    match kind:
        case "table":
            return {table.name for table in snapshot.tables}
        case "view":
            return {view.name for view in snapshot.views}
        case "sequence":
            return {sequence.name for sequence in snapshot.sequences}
        case "type":
            return {one.name for one in snapshot.types}
    return {function.name for function in snapshot.functions}


def _moved(snapshot: Snapshot, kind: str, name: Name, schema: str) -> Snapshot:
    """One object, or all functions of one name, in another schema."""
    new = Name(schema, name.name)
    match kind:
        case "table":
            return renaming.table(snapshot, name, new)
        case "view":
            return renaming.view(snapshot, name, new)
        case "sequence":
            return renaming.sequence(snapshot, name, new)
        case "type":
            return _renamed_type(snapshot, name, new)
    functions = (replace(f, name=new) if f.name == name else f for f in snapshot.functions)
    return replace(snapshot, functions=tuple(functions))


def _policy(snapshot: Snapshot, said: RenameObject, action: Action) -> Snapshot:
    table = _named_table(snapshot, said.words, action)
    names = {p.name for p in table.policies} if table is not None else set[str]()
    if table is None or said.part not in names or said.new_name in names:
        return snapshot
    renamed = (
        replace(p, name=said.new_name, definition=policies.renamed(p.definition, said.new_name))
        if p.name == said.part
        else p
        for p in table.policies
    )
    every = tuple(sorted(renamed, key=lambda p: p.name))
    return edits.put_table(snapshot, replace(table, policies=every))


_RENAMES: Mapping[str, Callable[[Snapshot, RenameObject, Action], Snapshot]] = {
    "table": _table,
    "column": _column,
    "constraint": _constraint,
    "index": _index,
    "view": _view,
    "materialized view": _view,
    "sequence": _sequence,
    "type": _type,
    "function": _function,
    "trigger": _trigger,
    "policy": _policy,
    "schema": _schema,
}


def move(snapshot: Snapshot, action: Action) -> Snapshot:
    """SET SCHEMA."""
    said = action.said
    if not isinstance(said, SetSchema) or said.schema not in snapshot.schemas:
        return snapshot
    kind = said.kind.removeprefix("materialized ")
    if kind not in ("table", "view", "sequence", "type", "function"):
        return snapshot
    name = _found(said.words, _names(snapshot, kind), snapshot, action)
    if name is None or name.schema == said.schema or _collides(snapshot, kind, name, said):
        return snapshot
    if kind == "function":
        names = (name, Name(said.schema, name.name))
        return _renamed_function(snapshot, names, said.arguments, action)
    return _moved(snapshot, kind, name, said.schema)


def _collides(snapshot: Snapshot, kind: str, name: Name, said: SetSchema) -> bool:
    """Whether the server refuses: a name is in use there, or a table owns the sequence."""
    new = Name(said.schema, name.name)
    if kind == "type":
        return type_names.is_there(snapshot, new)
    if kind == "function":
        return False
    if lookup.in_use(snapshot, new, types=kind != "sequence"):
        return True
    if kind == "sequence":
        return any(s.name == name and s.owner_table for s in snapshot.sequences)
    table = snapshot.table(name)
    moved = [i.name for i in table.indexes] if table is not None else []
    moved += [s.name.name for s in snapshot.sequences if s.owner_table == name]
    return any(lookup.in_use(snapshot, Name(said.schema, one)) for one in moved)


def _named_table(snapshot: Snapshot, words: Words, action: Action) -> Table | None:
    relation = lookup.relation(words)
    return snapshot.table(lookup.found(relation, snapshot, action.statement.settings))


def _found(
    words: Words, names: Container[Name], snapshot: Snapshot, action: Action
) -> Name | None:
    """The one of the names that the words mean."""
    name = lookup.among(lookup.relation(words), names, snapshot, action.statement.settings)
    return name if name in names else None
