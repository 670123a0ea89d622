"""What depends on a column: it binds by column number, so it does not follow to a new column.

Some of it blocks DROP COLUMN, some is dropped with it silently, and PostgreSQL does not track
names in plpgsql bodies (manual, DROP COLUMN and chapter 5.15). All of it is reported before a
plan is made.
"""

import re
from collections.abc import Iterator

from zdm.model.schema import Snapshot, Table
from zdm.parse import expressions

# Kinds of Dependent that the Snapshot also lists by themselves.
_LISTED = (
    "view",
    "policy",
    "trigger",
    "foreign key",
    "column",
    "index",
    "constraint",
    "default",
)


def blocking(snapshot: Snapshot, table: Table, column: str) -> tuple[str, ...]:
    """What makes DROP COLUMN fail, in words."""
    found = [
        *_views(snapshot, table, column),
        *(f"policy {p.name}" for p in table.policies if column in p.columns),
        *(
            f"trigger {t.name} (UPDATE OF or WHEN)"
            for t in table.triggers
            if column in t.columns
        ),
        *(f"generated column {name}" for name in _generated_from(table, column)),
        *_inbound(snapshot, table, column),
        *_structure(snapshot, table, column),
        *(
            f"{d.kind} {d.name}"
            for d in table.dependents
            if d.column == column and d.blocks and not d.kind.endswith(_LISTED)
        ),
    ]
    return tuple(dict.fromkeys(found))


def vanishing(snapshot: Snapshot, table: Table, column: str) -> tuple[str, ...]:
    """What is dropped with the column silently, in words."""
    found = [
        *(
            f"{c.kind} constraint {c.name}"
            for c in table.constraints
            if column in c.columns and c.kind != "not null"
        ),
        *(
            f"index {i.name}"
            for i in table.indexes
            if column in i.columns and i.constraint is None
        ),
        *(
            f"sequence {s.name}"
            for s in snapshot.sequences
            if (s.owner_table, s.owner_column) == (table.name, column)
        ),
        *(
            f"{d.kind} {d.name}"
            for d in table.dependents
            if d.column == column and not d.blocks and not d.kind.endswith(_LISTED)
        ),
    ]
    return tuple(dict.fromkeys(found))


def bodies(snapshot: Snapshot, table: Table, column: str) -> tuple[str, ...]:
    """Trigger functions of the table whose text has the column's name as a word: they would
    make every write fail once it is gone."""
    used = {trigger.function for trigger in table.triggers}
    word = re.compile(rf"\b{re.escape(column)}\b", re.IGNORECASE)
    return tuple(
        str(f.name)
        for f in snapshot.functions
        if f.name in used and word.search(f.definition.partition(" AS ")[2] or f.definition)
    )


def _views(snapshot: Snapshot, table: Table, column: str) -> Iterator[str]:
    for view in snapshot.views:
        if (table.name, column) in view.uses:
            yield f"{view.kind} {view.name}"


def _generated_from(table: Table, column: str) -> Iterator[str]:
    for other in table.columns:
        if not other.generated or other.default is None:
            continue
        if column in expressions.columns(expressions.read(other.default)):
            yield other.name


def _inbound(snapshot: Snapshot, table: Table, column: str) -> Iterator[str]:
    for other in snapshot.tables:
        for constraint in other.constraints:
            points_here = constraint.references == table.name
            if points_here and column in constraint.referenced_columns:
                yield f"foreign key {constraint.name} of {other.name}"


def _structure(snapshot: Snapshot, table: Table, column: str) -> Iterator[str]:
    if table.partition_key and re.search(rf"\b{re.escape(column)}\b", table.partition_key):
        yield f"partition key {table.partition_key}"
    if table.partition_of or table.inherits:
        yield f"{table.name} inherits its columns"
    heirs = [
        t for t in snapshot.tables if table.name in t.inherits or t.partition_of == table.name
    ]
    if heirs and table.kind != "partitioned table":
        yield f"tables that inherit from {table.name}"
