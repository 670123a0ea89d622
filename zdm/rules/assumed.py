"""Tables that statements name, and no file or snapshot has: they are taken to exist."""

from collections.abc import Sequence
from functools import reduce

from msgspec.structs import replace

from zdm.model.catalog.indexed import having, named
from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddColumn, AddConstraint, CreateTable, RelationName
from zdm.schema import edits, lookup
from zdm.schema.impact import of

_WHY = "no file or snapshot has it"
_OTHER_TABLES = (
    Change.ATTACH_PARTITION,
    Change.DETACH_PARTITION,
    Change.FINALIZE_DETACH,
    Change.INHERIT,
    Change.NO_INHERIT,
)
_ON_ROWS = (ActionKind.UPDATE, ActionKind.DELETE, ActionKind.INSERT, ActionKind.TRUNCATE)
_ON_TABLES = frozenset(
    {*of.ALTER_TABLE, *_ON_ROWS, ActionKind.CREATE_INDEX, ActionKind.CREATE_TRIGGER}
    | {ActionKind.RENAME_COLUMN, ActionKind.RENAME_CONSTRAINT, ActionKind.RENAME_TABLE}
)


def tables(actions: Sequence[Action], snapshot: Snapshot) -> tuple[Table, ...]:
    """Those that the Actions of one statement need and the Snapshot lacks."""
    names = {
        action.fact.table
        for action in actions
        if isinstance(action.fact, Fact)
        and action.fact.kind in _ON_TABLES
        and action.fact.table is not None
    }
    for action in actions:
        settings = action.statement.settings
        names |= {lookup.found(r, snapshot, settings) for r in _referenced(action)}
        if isinstance(action.said, CreateTable):  # which may refer to itself
            names.discard(lookup.made(action.said.table, snapshot, settings))
    missing = (name for name in sorted(names) if not is_there(snapshot, name))
    return tuple(Table(name=name, opaque=_WHY) for name in missing)


def is_there(snapshot: Snapshot, name: Name) -> bool:
    """Whether a relation has the name: ALTER TABLE renames views and indexes, too."""
    if snapshot.table(name) is not None:
        return True
    if any(named(m, name) for m in (snapshot.views, snapshot.sequences)):
        return True
    return any(
        t.name.schema == name.schema for t in having(snapshot.tables, "index", name.name)
    )


def _referenced(action: Action) -> tuple[RelationName, ...]:
    found: tuple[RelationName | None, ...] = ()
    match action.said:
        case AddConstraint(constraint=constraint):
            found = (constraint.references,)
        case AddColumn(column=column):
            found = tuple(c.references for c in column.constraints)
        case AlterTable(change=change, other=other) if change in _OTHER_TABLES:
            found = (other,)
        case CreateTable(parents=parents, referenced=referenced):
            found = (*parents, *referenced)
    return tuple(relation for relation in found if relation is not None)


def put(snapshot: Snapshot, extra: Sequence[Table]) -> Snapshot:
    """The Snapshot with those of the tables that it does not have."""
    extra = [table for table in extra if snapshot.table(table.name) is None]
    if not extra:
        return snapshot
    schemas = tuple(dict.fromkeys((*snapshot.schemas, *(t.name.schema for t in extra))))
    return reduce(edits.put_table, extra, replace(snapshot, schemas=schemas))
