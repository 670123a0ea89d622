"""What CREATE, ALTER TYPE and ALTER SEQUENCE leave of objects that are no tables."""

from msgspec.structs import replace

from zdm.model.catalog.indexed import exchanged, having, named
from zdm.model.commands import AlterSequence, AlterTable, Change
from zdm.model.schema import Name, Sequence, Snapshot, Type
from zdm.model.statement import Action
from zdm.model.syntax import ChangeEnum, CreateObject
from zdm.parse.objects import identity
from zdm.schema import edits, enums, lookup, new_objects, routines, sequences, type_names

_LONGEST = 63  # bytes of a label (manual, chapter 8.7)


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE of a schema, type, sequence, view, function … ; what has no name here is
    unknown, and so is what an extension makes."""
    said = action.said
    new = new_objects.read(action, snapshot)
    if new is None or not isinstance(said, CreateObject):
        temporary = isinstance(said, CreateObject) and said.temporary
        return snapshot if temporary else edits.unknown(snapshot, action)
    if new.name.schema and new.name.schema not in snapshot.schemas:
        return snapshot
    if new.kind in ("function", "procedure"):
        settings = action.statement.settings
        there = routines.named(snapshot, new.name, said.arguments, settings)
        if there:
            return new_objects.replaced(snapshot, there[0], action)
    elif _in_use(snapshot, new):
        return _replaced(snapshot, new, action) if said.replaces else snapshot
    return new_objects.put(snapshot, new, action)


def _in_use(snapshot: Snapshot, new: new_objects.NewObject) -> bool:
    if new_objects.exists(new, snapshot):
        return True
    match new.kind:
        case "schema" | "extension":
            return False
        case "sequence":
            return lookup.in_use(snapshot, new.name)
        case "view" | "materialized view":
            return lookup.in_use(snapshot, new.name, types=True)
    return type_names.is_there(snapshot, new.name)


def _replaced(snapshot: Snapshot, new: new_objects.NewObject, action: Action) -> Snapshot:
    """CREATE OR REPLACE VIEW: another query under the same name; the server refuses one that
    loses columns."""
    old, said = named(snapshot.views, new.name), action.said
    if not old or old[0].kind != "view" or not isinstance(said, CreateObject):
        return snapshot
    kept = old[0].columns
    if said.columns and said.columns[: len(kept)] != kept:
        return snapshot  # it only appends columns
    return new_objects.put(edits.drop_view(snapshot, new.name), new, action)


def change_enum(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER TYPE … ADD VALUE, RENAME VALUE."""
    said = action.said
    if not isinstance(said, ChangeEnum):
        return snapshot
    names, settings = lookup.Names(snapshot.types), action.statement.settings
    name = lookup.among(lookup.relation(said.words), names, snapshot, settings)
    for enum in named(snapshot.types, name):
        if enum.kind == "enum":
            changed = enums.with_labels(enum, _labels(enum, said))
            snapshot = edits.put_type(snapshot, changed)
    return snapshot


def _labels(enum: Type, said: ChangeEnum) -> tuple[str, ...]:
    labels = enum.labels
    if said.label in labels or len(said.label.encode()) > _LONGEST:
        return labels
    if said.former:
        return tuple(said.label if old == said.former else old for old in labels)
    if not said.neighbour:
        return (*labels, said.label)
    if said.neighbour not in labels:
        return labels
    at = labels.index(said.neighbour) + (1 if said.after else 0)
    return (*labels[:at], said.label, *labels[at:])


def change_sequence(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER SEQUENCE; with options that the server refuses nothing changes."""
    said = altering(action, snapshot)
    if said is None:
        return snapshot
    names, settings = lookup.Names(snapshot.sequences), action.statement.settings
    name = lookup.among(said.sequence, names, snapshot, settings)
    for there in named(snapshot.sequences, name):
        changed = changed_sequence(there, said, snapshot, action)
        if changed is not None:
            members = exchanged(snapshot.sequences, there, changed)
            snapshot = replace(snapshot, sequences=members)
    return snapshot


def altering(action: Action, snapshot: Snapshot) -> AlterSequence | None:
    """What it does to a sequence, also SET of options of an identity column's."""
    match action.said:
        case AlterSequence() as said:
            return said
        case AlterTable(change=Change.SET_IDENTITY, name=column):
            table = lookup.table_of(snapshot, action)
            name = Name("", "") if table is None else table.name
            for one in having(snapshot.sequences, "owner", name.schema, name.name):
                if one.identity and one.owner_column == column:
                    return identity.altered(action, one.name)
    return None


def changed_sequence(
    one: Sequence, said: AlterSequence, snapshot: Snapshot, action: Action
) -> Sequence | None:
    """The sequence after it; None where the server refuses it."""
    changed = sequences.altered(one, said.options)
    if sequences.problem(changed):
        return None
    if not (said.owner or said.disowns):
        return changed
    owner = new_objects.owner(said.owner, one.name, snapshot, action.statement.settings)
    if one.identity or (owner is None and said.owner):
        return None
    table, column = owner if owner is not None else (None, None)
    return replace(changed, owner_table=table, owner_column=column)
