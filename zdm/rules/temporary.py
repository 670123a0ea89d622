"""What is not in use, although its name may be: temporary tables, views and sequences, and
tables that were dropped and made again."""

from functools import reduce

from msgspec.structs import replace

from zdm.model.catalog.indexed import having
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.model.syntax import (
    CreateObject,
    CreateTable,
    CreateTableAs,
    DropObjects,
    RelationName,
)
from zdm.rules import assumed
from zdm.schema import edits, lookup

_WHY = "it is temporary"
_KINDS = ("view", "sequence")


def put(snapshot: Snapshot, action: Action) -> Snapshot:
    """With the temporary table, view or sequence that the Action makes, as a table, where
    nothing else has its name, and without those that it drops: only its session sees them."""
    said, settings = action.said, action.statement.settings
    if isinstance(said, DropObjects):
        found = (lookup.found(lookup.relation(w), snapshot, settings) for w in said.objects)
        return reduce(_without, found, snapshot) if said.kind in _KINDS else snapshot
    relation = _made(said)
    if relation is None:
        return snapshot
    name = lookup.made(replace(relation, schema=""), snapshot, settings)
    if assumed.is_there(snapshot, name):
        return snapshot
    return assumed.put(snapshot, (Table(name=name, created=True, opaque=_WHY),))


def _made(said: object) -> RelationName | None:
    """What it makes that is temporary."""
    if isinstance(said, CreateTable | CreateTableAs):
        relation, temporary = said.table, said.table.persistence == "temporary"
    elif isinstance(said, CreateObject) and said.kind in _KINDS:
        relation, temporary = lookup.relation(said.words), said.temporary
    else:
        return None
    return relation if temporary or relation.schema == "pg_temp" else None


def _without(snapshot: Snapshot, name: Name) -> Snapshot:
    table = snapshot.table(name)
    temporary = table is not None and table.opaque == _WHY
    return edits.drop_table(snapshot, name) if temporary else snapshot


def without(snapshot: Snapshot) -> Snapshot:
    """Without them: another file has another session."""
    for table in having(snapshot.tables, "created"):
        if table.opaque == _WHY:
            snapshot = edits.drop_table(snapshot, table.name)
    return snapshot


def without_dropped(released: Snapshot, left: Snapshot) -> Snapshot:
    """What earlier releases left, save the tables that are dropped by now."""
    gone = {t.name for t in released.tables if left.table(t.name) is None}
    tables = tuple(t for t in released.tables if t.name not in gone)
    return replace(released, tables=tables) if gone else released
