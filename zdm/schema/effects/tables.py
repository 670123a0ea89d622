"""What statements leave that make a table, or are about a whole one."""

from msgspec.structs import replace

from zdm.model.commands import AlterTable
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action
from zdm.model.syntax import CreateTable, CreateTableAs, CreateTrigger
from zdm.schema import edits, lookup
from zdm.schema.effects import new_table, parents
from zdm.schema.effects.definitions import Place


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TABLE; one that exists is left alone, and a temporary one is not kept."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, CreateTable) or said.table.persistence == "temporary":
        return snapshot
    name = lookup.made(said.table, snapshot, settings)
    if not _free(snapshot, name):
        return snapshot
    place = Place(snapshot=snapshot, settings=settings, source=str(action.source))
    return new_table.after(said, place)


def create_as(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TABLE AS: a table of unknown columns."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, CreateTableAs) or said.table.persistence == "temporary":
        return snapshot
    name = lookup.made(said.table, snapshot, settings)
    if not _free(snapshot, name):
        return snapshot
    return edits.put_table(snapshot, Table(name=name, created=True, opaque=str(action.source)))


def _free(snapshot: Snapshot, name: Name) -> bool:
    there = name.schema in snapshot.schemas
    return there and not lookup.in_use(snapshot, name, types=True)


def create_trigger(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TRIGGER; its text is not known."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, CreateTrigger):
        return snapshot
    there = any(t.name == said.name for t in table.triggers)
    if (there and not said.replaces) or not lookup.has(table, *said.columns):
        return snapshot
    names = lookup.Names(snapshot.functions)
    words = lookup.relation(said.function)
    function = lookup.among(words, names, snapshot, action.statement.settings)
    made = Trigger(
        name=said.name,
        definition=action.statement.sql,
        function=function,
        enabled="O",
        columns=said.columns,
        changed=True,
    )
    return parents.put_trigger(snapshot, table.name, made)


def replica_identity(snapshot: Snapshot, action: Action) -> Snapshot:
    """REPLICA IDENTITY; by the name in AlterTable, that of an index."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, AlterTable) or not said.identity:
        return snapshot
    indexes = tuple(
        replace(i, replica_identity=said.identity == "index" and i.name == said.name)
        for i in table.indexes
    )
    changed = replace(table, replica_identity=said.identity, indexes=indexes)
    return edits.put_table(snapshot, changed)


def toggle_trigger(snapshot: Snapshot, action: Action) -> Snapshot:
    """ENABLE or DISABLE of one trigger, or of all."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, AlterTable) or not said.fires:
        return snapshot
    triggers = tuple(
        replace(t, enabled=said.fires) if said.name in ("", t.name) else t
        for t in table.triggers
    )
    return edits.put_table(snapshot, replace(table, triggers=triggers))
