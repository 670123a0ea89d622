"""What statements leave that make a table, or are about a whole one."""

from dataclasses import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, Fact
from zdm.model.syntax import CreateTable, CreateTableAs, CreateTrigger
from zdm.schema import edits, lookup, new_table
from zdm.schema.columns import named_table
from zdm.schema.new_table import Place


def create(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TABLE; one that exists is left alone, and a temporary one is not kept."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, CreateTable) or said.table.persistence == "temporary":
        return snapshot
    if snapshot.table(lookup.made(said.table, snapshot, settings)) is not None:
        return snapshot
    return new_table.after(said, Place(snapshot=snapshot, settings=settings))


def create_as(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TABLE AS: a table of unknown columns."""
    said, settings = action.said, action.statement.settings
    if not isinstance(said, CreateTableAs) or said.table.persistence == "temporary":
        return snapshot
    name = lookup.made(said.table, snapshot, settings)
    if snapshot.table(name) is not None:
        return snapshot
    return edits.put_table(snapshot, Table(name=name, created=True, opaque=True))


def set_schema(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER TABLE … SET SCHEMA."""
    table, fact = named_table(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact):
        return snapshot
    return edits.rename_table(snapshot, table.name, Name(fact.new_name, table.name.name))


def create_trigger(snapshot: Snapshot, action: Action) -> Snapshot:
    """CREATE TRIGGER; its text is not known."""
    table, said = named_table(snapshot, action), action.said
    if table is None or not isinstance(said, CreateTrigger):
        return snapshot
    others = [t for t in table.triggers if t.name != said.name]
    function = lookup.made(lookup.relation(said.function), snapshot, action.statement.settings)
    new = Trigger(
        name=said.name, definition="", function=function, enabled="O", columns=said.columns
    )
    triggers = tuple(sorted([*others, new], key=lambda t: t.name))
    return edits.put_table(snapshot, replace(table, triggers=triggers))


# What changes how a table is stored, and nothing that is compared.
_STORAGE = frozenset(
    {
        Change.SET_STATISTICS,
        Change.SET_STORAGE,
        Change.SET_COMPRESSION,
        Change.SET_COLUMN_OPTIONS,
        Change.SET_OPTIONS,
        Change.OWNER,
        Change.SET_TABLESPACE,
        Change.SET_ACCESS_METHOD,
    }
)


def other(snapshot: Snapshot, action: Action) -> Snapshot:
    """A sub-command of ALTER TABLE of which nothing more is known."""
    table = named_table(snapshot, action)
    if table is None or not isinstance(action.said, AlterTable):
        return snapshot
    if action.said.change in _STORAGE:
        return snapshot
    return edits.put_table(snapshot, edits.opaque(table))
