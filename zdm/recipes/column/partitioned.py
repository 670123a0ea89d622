"""Columns of partitioned and foreign tables: zdm keeps no two of them in sync, and does not
look at what each partition has of its own."""

from msgspec.structs import replace

from zdm.model.operation import Refusal
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Action
from zdm.recipes.column.fusion import Fused
from zdm.recipes.reading import refuse
from zdm.schema import family

_LATER = "put `-- zdm: run in contract -- reason` above"


def not_dropped(action: Action, slug: str, table: Table, column: str) -> Refusal | None:
    """DROP COLUMN."""
    if table.kind == "table":
        return None
    return refuse.refuse(
        action,
        slug,
        f"{table.name}.{column} cannot be dropped step by step: {table.name} is a {table.kind},"
        " and a NOT NULL, a CHECK or an index may refuse rows without it until then",
        f"if it takes rows without {column}, {_LATER} it",
    )


def not_renamed(action: Action, slug: str, table: Table, column: str) -> Refusal | None:
    """RENAME COLUMN."""
    if table.kind == "table":
        return None
    return refuse.refuse(
        action,
        slug,
        f"{table.name}.{column} cannot be renamed without downtime: {_kind(table)}",
        "keep the name; or, if the new version can use the old name until the contract,"
        f" {_LATER} it",
    )


def not_in_sync(action: Action, slug: str, found: Fused) -> Refusal | None:
    """A new column that an UPDATE fills from the one that the train drops."""
    table = found.table
    if table.kind == "table":
        return None
    refusal = refuse.refuse(
        action,
        slug,
        f"{table.name}.{found.old.name} cannot be kept in sync with {found.new.name}:"
        f" {_kind(table)}",
        "keep the column; or, if the new version can use it until the contract,"
        f" {_LATER} the UPDATE and the DROP COLUMN",
    )
    return replace(refusal, consumed=found.consumed)


def is_alone(table: Table, snapshot: Snapshot) -> bool:
    """Whether a column more can be kept in sync: nothing inherits, and nothing is inherited."""
    below = family.children(snapshot, table.name)
    return table.kind == "table" and not (table.partition_of or table.inherits or below)


def _kind(table: Table) -> str:
    return f"{table.name} is a {table.kind}, and zdm fills ordinary tables only"
