"""Why an ADD CONSTRAINT would fail on the schema before it."""

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Fact
from zdm.model.syntax import ConstraintDefinition
from zdm.schema import family

NOT_VALID_OF_PARTITIONED = 18  # the first version that takes such a foreign key


def found(says: ConstraintDefinition, table: Table) -> tuple[str, str] | None:
    """A name that is taken, or a column that is not there; and the remedy."""
    if says.name and table.constraint(says.name) is not None:
        return (
            f"{table.name} already has a constraint {says.name}, so this statement would fail",
            "give it another name",
        )
    return missing(says.columns, table)


def missing(columns: tuple[str, ...], table: Table) -> tuple[str, str] | None:
    """A column that is not there, and the remedy."""
    lacking = [c for c in columns if table.column(c) is None]
    if not lacking or table.opaque:
        return None
    return (
        f"{table.name} has no column {lacking[0]}, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )


def of_foreign_key(
    says: ConstraintDefinition, table: Table, parent: Table, referenced: tuple[str, ...]
) -> tuple[str, str] | None:
    """A name that is taken, or what a foreign key cannot refer to; and the remedy."""
    problem = found(says, table) or missing(referenced, parent)
    if problem is not None:
        return problem
    if table.kind == "foreign table" or parent.kind == "foreign table":
        one = table if table.kind == "foreign table" else parent
        return (
            f"{one.name} is a foreign table, which has no foreign keys, so this statement would"
            " fail",
            "remove it",
        )
    if not parent.opaque and not _is_key(parent, referenced):
        return (
            f"no unique constraint or index of {parent.name} is on exactly"
            f" ({', '.join(referenced)}), so this statement would fail",
            "create a unique index on them in an earlier release",
        )
    if len(referenced) != len(says.columns):
        return (
            f"it has {len(says.columns)} columns and refers to {len(referenced)}, so this"
            " statement would fail",
            "name as many columns on both sides",
        )
    return None


def _is_key(table: Table, columns: tuple[str, ...]) -> bool:
    return bool(columns) and any(
        index.unique
        and index.valid
        and index.predicate is None
        and len(index.keys) == len(columns)
        and set(index.keys) == set(columns)
        for index in table.indexes
    )


def of_partitioned(table: Table, snapshot: Snapshot, fact: Fact) -> tuple[str, str] | None:
    """What a foreign key of a partitioned table cannot be; and the remedy."""
    if table.kind != "partitioned table":
        return None
    if fact.only:
        return (
            f"{table.name} is partitioned, where a foreign key cannot be ONLY its own, so this"
            " statement would fail",
            "remove ONLY",
        )
    if snapshot.major >= NOT_VALID_OF_PARTITIONED:
        return None
    if fact.not_valid:
        return (
            f"{table.name} is partitioned, and up to PostgreSQL 17 its foreign keys cannot be"
            " NOT VALID, so this statement would fail",
            "remove NOT VALID",
        )
    taken = [n for n in family.leaves(snapshot, table) if _has(snapshot, n, fact.name)]
    if not taken:
        return None
    return (
        f"the partition {taken[0]} already has a constraint {fact.name}",
        "give it another name",
    )


def _has(snapshot: Snapshot, table: Name, constraint: str) -> bool:
    return snapshot.require_table(table).constraint(constraint) is not None
