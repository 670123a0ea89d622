"""Why an identity cannot be changed by a statement, with the remedy."""

from collections.abc import Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind
from zdm.parse.objects import identity
from zdm.recipes.reading import statements
from zdm.schema import lookup, type_names

_OF_PARTITIONS = 17  # the first version in which a partition's column is an identity, too


def find(
    actions: Sequence[Action], table: Table, column: Column, snapshot: Snapshot
) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    said = actions[0].said
    if not isinstance(said, AlterTable):
        return None
    name = f"{table.name}.{column.name}"
    if table.partition_of is not None and snapshot.major >= _OF_PARTITIONS:
        return (
            f"{table.name} is a partition, and the identity of {name} is that of"
            f" {table.partition_of}, so this statement would fail",
            f"change it on {table.partition_of}",
        )
    if said.change is Change.ADD_IDENTITY:
        return _cannot_be_added(name, column)
    if not column.identity and said.change is Change.SET_IDENTITY:
        return (
            f"{name} is no identity column, so this statement would fail",
            f"use ADD GENERATED {(said.identity or 'by default').upper()} AS IDENTITY",
        )
    if said.change is Change.SET_IDENTITY:
        return _with_options(name, said)
    return _dropped(actions, table, column, snapshot)


def _cannot_be_added(name: str, column: Column) -> tuple[str, str] | None:
    if column.identity or column.generated:
        kind = "an identity" if column.identity else "a generated"
        return (
            f"{name} is {kind} column already, so this statement would fail",
            "use SET GENERATED to change an identity, or remove the statement",
        )
    if not type_names.is_whole_number(column.type):
        return (
            f"{name} is of type {column.type}, and an identity is smallint, integer or bigint,"
            " so this statement would fail",
            "change the type in an earlier release, or remove the statement",
        )
    if column.default is not None:
        return (
            f"{name} has a default, so this statement would fail",
            f"drop it in the same train, by `ALTER COLUMN {ident(column.name)} DROP DEFAULT`,"
            " and the sequence that it draws from by DROP SEQUENCE",
        )
    if not column.not_null:
        return (
            f"{name} is not NOT NULL, so this statement would fail",
            "set it NOT NULL in an earlier release",
        )
    return None


def _with_options(name: str, said: AlterTable) -> tuple[str, str] | None:
    if not said.identity or set(said.options) <= {"generated"}:
        return None
    return (
        f"this changes the kind of the identity {name} and its sequence at once, and zdm plans"
        " the two in different phases",
        "write SET GENERATED in a statement of its own",
    )


def _dropped(
    actions: Sequence[Action], table: Table, column: Column, snapshot: Snapshot
) -> tuple[str, str] | None:
    """What DROP IDENTITY, which comes in the contract, must not precede in the train."""
    name = f"{table.name}.{column.name}"
    if not column.identity and identity.passes_over(actions[0]):
        return None
    if not column.identity:
        return (
            f"{name} is no identity column, so this statement would fail",
            "remove the statement, or write IF EXISTS",
        )
    again = next((a for a in actions[1:] if _gives(a, table, column, snapshot)), None)
    if again is None:
        return None
    return (
        f"the identity of {name} can be dropped only after the rollout, and {again.source}"
        " gives the column other values before it",
        "put that statement into a later release; to change an identity, use SET GENERATED"
        " instead of both",
    )


def _gives(action: Action, table: Table, column: Column, snapshot: Snapshot) -> bool:
    """Whether it gives the column a default or an identity."""
    said = action.said
    if lookup.table_of(snapshot, action) != table:
        return False
    if isinstance(said, AlterTable):
        return said.change is Change.ADD_IDENTITY and said.name == column.name
    found = statements.fact(action, ActionKind.SET_DEFAULT)
    return found is not None and found.name == column.name
