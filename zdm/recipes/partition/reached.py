"""A new table that is a partition of a table in use: both versions write into it, through the
table above, from the step on that makes it a partition. Then it is in use."""

from collections.abc import Sequence

from msgspec.structs import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.operation import Refusal
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import IndexDefinition
from zdm.recipes.reading import refuse

_HARMLESS = frozenset(
    {
        ActionKind.COMMENT,
        ActionKind.GRANT,
        ActionKind.RENAME_CONSTRAINT,
        ActionKind.RENAME_INDEX,
        ActionKind.RENAME_TABLE,
        ActionKind.SET_SCHEMA,
    }
)
_DATA = frozenset(
    {ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE, ActionKind.TRUNCATE}
)
_MOVES = frozenset({Change.ATTACH_PARTITION, Change.DETACH_PARTITION})
_HARMLESS_CHANGES = frozenset(
    {
        Change.CLUSTER_ON,
        Change.OWNER,
        Change.REPLICA_IDENTITY,
        Change.SET_COLUMN_OPTIONS,
        Change.SET_COMPRESSION,
        Change.SET_OPTIONS,
        Change.SET_STATISTICS,
        Change.SET_STORAGE,
    }
)


def is_reached(table: Table, snapshot: Snapshot) -> bool:
    """Whether it is a partition, and a table above it was there before the train."""
    if table.partition_of is None:
        return False
    above = snapshot.table(table.partition_of)
    return above is not None and (not above.created or is_reached(above, snapshot))


def refuses(table: Table, parts: Sequence[Action], snapshot: Snapshot) -> Refusal | None:
    """The refusal of a statement that may be in the way of rows of both versions, or reach
    them."""
    if not is_reached(table, snapshot) or all(_is_harmless(part) for part in parts):
        return None
    refusal = refuse.refuse(parts[0], "partition_in_use", *_why(table, parts[0]))
    return replace(refusal, consumed=tuple(range(len(parts))))


def _why(table: Table, action: Action) -> tuple[str, str]:
    fact = action.fact
    if isinstance(fact, Fact) and fact.kind in _DATA:
        return (
            f"{table.name} is a partition of {table.partition_of} by then, so both versions"
            " write rows into it before this statement, whose undo could not tell them from its"
            " own",
            "move it to a revision that is planned after this train is contracted",
        )
    return (
        f"{table.name} is a partition of {table.partition_of} by then, so both versions write"
        " rows into it before this statement, which may fail for them or refuse them",
        "create it as a table of its own, put this statement behind that, and ATTACH PARTITION"
        " last",
    )


def _is_harmless(action: Action) -> bool:
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact):
        return False
    if isinstance(said, AlterTable) and said.change in _HARMLESS_CHANGES:
        return True
    if isinstance(said, IndexDefinition):
        return not said.unique
    return fact.kind in _HARMLESS


def moves(action: Action, table: Table, snapshot: Snapshot) -> bool:
    """Whether it attaches a partition to it, or detaches one."""
    said = action.said
    return (
        isinstance(said, AlterTable) and said.change in _MOVES and is_reached(table, snapshot)
    )
