"""What depends on a column: it binds by column number, so it does not follow to a new column.

Some of it blocks DROP COLUMN, some is dropped with it silently, and PostgreSQL does not track
names in plpgsql bodies (manual, DROP COLUMN and chapter 5.15). All of it is reported before a
plan is made.
"""

import re
from collections.abc import Iterator

from zdm.model import acl
from zdm.model.schema import Dependent, Function, Snapshot, Table
from zdm.parse import expressions
from zdm.parse.readers import fired
from zdm.schema import routines

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
            d.words
            for d in table.dependents
            if d.column == column and d.blocks and not d.kind.endswith(_LISTED)
            if not _ended(snapshot, d)
        ),
    ]
    return tuple(dict.fromkeys(found))


def _ended(snapshot: Snapshot, dependent: Dependent) -> bool:
    """Whether it is a function of which this train makes one that does not name the column."""
    if dependent.kind != "function":
        return False
    name = dependent.name.replace('"', "")
    return any(
        f.changed
        and dependent.column not in routines.names(f)
        and name == f"function {f.name.schema}.{f.name.name}({_types(f, snapshot)})"
        for f in snapshot.functions
    )


def _types(function: Function, snapshot: Snapshot) -> str:
    return ",".join(routines.types(function, snapshot))


def vanishing(
    snapshot: Snapshot, table: Table, column: str, *, own: bool = True
) -> tuple[str, ...]:
    """What is dropped with the column silently, in words; not `own`: without constraints,
    indexes and rights of this column alone."""
    found = [
        *(
            f"{c.kind} constraint {c.name}"
            for c in table.constraints
            if column in c.columns and c.kind != "not null"
            if own or {*c.columns} != {column}
        ),
        *(
            f"index {i.name}"
            for i in table.indexes
            if column in i.columns and i.constraint is None
            if own or {*i.columns} != {column}
        ),
        *(
            f"sequence {s.name}"
            for s in snapshot.sequences
            if (s.owner_table, s.owner_column) == (table.name, column)
        ),
        *(
            d.words
            for d in table.dependents
            if d.column == column and not d.blocks and not d.kind.endswith(_LISTED)
        ),
        *(_grants(table, column) if own else ()),
    ]
    return tuple(dict.fromkeys(found))


def _grants(table: Table, column: str) -> Iterator[str]:
    found = table.column(column)
    for entry in map(acl.parse, found.grants if found is not None else ()):
        names = ", ".join(f"{p.name} ({column})" for p in entry.privileges)
        yield f"GRANT {names} to {entry.grantee or 'PUBLIC'}"


def in_triggers(snapshot: Snapshot, table: Table, column: str) -> tuple[str, ...]:
    """Triggers of the table that have the column's name in their arguments, or in a function
    that they run: they would make every write fail once it is gone."""
    runs = routines.reached(snapshot, [t.function for t in table.triggers])
    found = [
        *(
            f"trigger {t.name} (its arguments name the column)"
            for t in table.triggers
            if column in fired.trigger(t.definition).arguments
        ),
        *(
            f"trigger function {f.name} (its body names the column)"
            for f in runs
            if column in routines.body_names(f)
        ),
    ]
    return tuple(dict.fromkeys(found))


def elsewhere(snapshot: Snapshot, table: Table, column: str) -> Iterator[tuple[str, str]]:
    """Facts and remedies: other functions that name table and column, and those that make SQL
    or names at run time, which zdm cannot read."""
    own = {f.name for f in routines.reached(snapshot, [t.function for t in table.triggers])}
    others = [f for f in snapshot.functions if f.name not in own]
    named = [f for f in others if {table.name.name, column} <= routines.names(f)]
    dynamic = [
        f
        for f in snapshot.functions
        if f not in named and routines.is_dynamic(f, rows=f.name in own)
    ]
    if named:
        yield (
            f"these functions name {table.name} and {column} in their text, and fail once"
            f" {column} is gone: {_with_places(snapshot, named)}",
            "replace them in the contract, below this statement, with"
            " `-- zdm: run in contract -- reason`",
        )
    if dynamic:
        yield (
            "these functions make SQL or names of columns at run time, so they may use"
            f" {table.name}.{column} unseen: {_with_places(snapshot, dynamic)}",
            f"check that none of them uses {column}",
        )


def _with_places(snapshot: Snapshot, functions: list[Function]) -> str:
    return ", ".join(dict.fromkeys(_with_place(snapshot, f) for f in functions))


def _with_place(snapshot: Snapshot, function: Function) -> str:
    places = [
        f"trigger {trigger.name} of {table.name}"
        for table in snapshot.tables
        for trigger in table.triggers
        if trigger.function == function.name
    ]
    return f"{function.name} ({', '.join(places)})" if places else str(function.name)


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
