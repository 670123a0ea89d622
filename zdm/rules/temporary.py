"""What is no table in use, although its name may be one's: temporary tables, and tables that
were dropped and made again."""

from dataclasses import replace

from zdm.model.catalog.indexed import having
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Action
from zdm.model.syntax import CreateTable, CreateTableAs
from zdm.rules import assumed
from zdm.schema import edits, lookup

_WHY = "it is temporary"


def put(snapshot: Snapshot, action: Action) -> Snapshot:
    """With the temporary table that the Action makes, where no other has its name: only its
    own session sees it."""
    said = action.said
    if not isinstance(said, CreateTable | CreateTableAs):
        return snapshot
    relation = said.table
    if relation.persistence != "temporary" and relation.schema != "pg_temp":
        return snapshot
    name = lookup.made(replace(relation, schema=""), snapshot, action.statement.settings)
    return assumed.put(snapshot, (Table(name=name, created=True, opaque=_WHY),))


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
