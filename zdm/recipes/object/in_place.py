"""Why a view cannot take the place of a table or view that gets another name or schema, and
what fails on it meanwhile."""

import re
from collections.abc import Iterator

from zdm.model.plan import Check
from zdm.model.schema import Function, Name, Snapshot, Table, View
from zdm.recipes.object import naming, row_type, stand_in_view, views
from zdm.schema import type_change

KEEP = (
    "keep it as it is; or, if the new version can use the old name until the contract, put"
    " `-- zdm: run in contract -- reason` above it"
)
_MERGE_FAILS = range(15, 17)  # MERGE is from 15 on, and into a view from 17 on
_TRIGGERS_TABLE = re.compile(
    r"\b(?:tg_)?(?:table_name|table_schema|relname|relid)\b", re.IGNORECASE
)
_WHOLE = (" FOR ALL TABLES", " TABLES IN SCHEMA ")
_INVOKER = "security_invoker=true"
Problem = tuple[str, str]


def failing(table: Table, major: int) -> Iterator[str]:
    """What fails on a view and works on a table (measured 14, 18)."""
    yield "COPY, TRUNCATE"
    if table.primary_key is not None:
        yield "SELECT of other columns with GROUP BY the primary key"
    yield "ON CONFLICT ON CONSTRAINT"
    if any(column.generated for column in table.columns):
        yield "UPDATE that sets a generated column to DEFAULT"
    if major in _MERGE_FAILS:
        yield "MERGE"
    yield "ctid, xmin and other system columns, also in RETURNING"
    yield "TABLESAMPLE, WHERE CURRENT OF, and new foreign keys to it"
    if any(c.identity or (c.default or "").startswith("nextval(") for c in table.columns):
        yield "pg_get_serial_sequence, which gives NULL, so that setval or currval do nothing"


def owner_has_all(table: Name) -> Check:
    """That the view can use its owner's rights."""
    return Check(
        sql=stand_in_view.owner_has_all(table),
        failure=f"the owner of {table} may not read or write it, and the view would use its"
        " owner's rights",
        hint=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.sql} to its owner",
    )


def problems(table: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """Why a view cannot stand in, and what to do, in words."""
    yield from _structure(table, snapshot)
    yield from _security(table, snapshot.major)
    published = _publications(table, snapshot)
    if published:
        yield (
            f"publication {', '.join(published)} would send its rows under the new name, which"
            " subscribers do not have, so they would stop",
            "remove it from the publication first, or rename it on both sides in a maintenance"
            " window",
        )
    for trigger in table.triggers:
        if any(f.name == trigger.function and reads_name(f) for f in snapshot.functions):
            yield (
                f"trigger {trigger.name} reads the table's name (TG_TABLE_NAME), which changes"
                " for the old version as well",
                "pass the name to it as an argument (TG_ARGV) in an earlier release",
            )
    yield from (
        (
            f"{user} has its row type, which rows of the view do not have",
            "use a type of its own or single columns in an earlier release",
        )
        for user in row_type.users(table.name, snapshot)
    )


def is_taken(new: Name, snapshot: Snapshot) -> bool:
    """A constraint may have the name; whatever is a relation or a type may not."""
    here = [t for t in snapshot.tables if t.name.schema == new.schema]
    taken = (
        *(t.name for t in here),
        *(Name(new.schema, i.name) for t in here for i in t.indexes),
        *(s.name for s in snapshot.sequences),
        *(v.name for v in snapshot.views),
        *(t.name for t in snapshot.types),
    )
    return new in taken


def _structure(table: Table, snapshot: Snapshot) -> Iterator[Problem]:
    heirs = any(table.name in t.inherits for t in snapshot.tables)
    if table.kind != "table" or table.partition_of is not None:
        what = "a partition" if table.partition_of else f"a {table.kind}"
        yield f"it is {what}, and what manages it by name needs a table", KEEP
    for column in table.columns:
        if column.generated and type_change.domain_default(column.type, snapshot):
            yield (
                f"an INSERT into the view would give the generated column {column.name} the"
                " default of its domain, which fails",
                KEEP,
            )
    if table.inherits or heirs:
        yield "it takes part in inheritance, and ONLY has no effect on a view", KEEP
    if table.rules:
        yield "it has rules, which would apply to the queries of both names", KEEP
    if not table.columns:
        yield "it has no column, so a view of it cannot be written to", KEEP


def _security(table: Table, major: int) -> Iterator[Problem]:
    if not table.row_security or stand_in_view.as_invoker(table, major):
        return
    yield (
        "it has row security, and the view would have to use its owner's rights, to which"
        f" policies do not apply ({_why_owner(major)})",
        KEEP,
    )


def _why_owner(major: int) -> str:
    if major < stand_in_view.INVOKER_MAJOR:
        return f"security_invoker is from PostgreSQL {stand_in_view.INVOKER_MAJOR} on"
    return "with grants on columns, security_invoker refuses roles that may read only some"


def _publications(table: Table, snapshot: Snapshot) -> tuple[str, ...]:
    """Those with the table, with all tables, or with those of a schema, perhaps this one."""
    return tuple(
        p.name
        for p in snapshot.publications
        if p.name in table.publications or any(word in p.definition for word in _WHOLE)
    )


def reads_name(function: Function) -> bool:
    """Whether a trigger function asks which table it fires for."""
    return _TRIGGERS_TABLE.search(naming.text(function)) is not None


def view_as_invoker(view: View, major: int) -> bool:
    """Whether the view in its place can use the rights of the role that asks."""
    return major >= stand_in_view.INVOKER_MAJOR and not view.column_grants


def of_view(view: View, snapshot: Snapshot) -> Problem | None:
    """Why no view can stand in for a view that was there before the train."""
    name = view.name
    if view.triggers or view.rules:
        return (
            f"{name} has triggers or rules, which would see another name, or apply to the"
            " queries of both names",
            KEEP,
        )
    if _INVOKER in view.options and not view_as_invoker(view, snapshot.major):
        return (
            f"{name} uses the rights of the role that asks, and a view with its grants on"
            " columns cannot pass them on",
            KEEP,
        )
    users = tuple(row_type.users(name, snapshot))
    if users:
        return (
            f"{', '.join(users)} has its row type, which rows of another view do not have",
            KEEP,
        )
    return None


def is_made(view: View) -> bool:
    """Whether this train makes or replaces it, or its columns are not known."""
    return views.by_train(view) or not view.columns
