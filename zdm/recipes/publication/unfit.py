"""Why a CREATE PUBLICATION would fail, or make writes of its tables fail."""

from collections.abc import Iterator, Sequence

from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.parse import expressions
from zdm.parse.objects import publications as written
from zdm.parse.objects.publications import Part
from zdm.schema import apply, family, replication
from zdm.schema.effects import publications

Problem = tuple[str, str]
_PARTS = 15  # the first version with lists of columns and row filters
_OPTIONS = {"publish": 0, "publish_via_partition_root": 0, "publish_generated_columns": 18}
_SENDS_GENERATED = 18  # the first version that does
_TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
_COMPARED = _TIMES | {
    "smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean", "text",
    "character varying", "character", "uuid",
}  # fmt: skip
_NAME = "correct the name, or make a new snapshot of the database"


def changes(events: Sequence[str]) -> tuple[str, ...]:
    """Those of the events that need a replica identity."""
    return tuple(e for e in events if e in (replication.UPDATE, replication.DELETE))


def problem(action: Action, snapshot: Snapshot) -> Problem | None:
    """The first fact, and the remedy."""
    return next(_problems(action, snapshot), None)


def _problems(action: Action, snapshot: Snapshot) -> Iterator[Problem]:
    name = written.name(action)
    if publications.there(snapshot, name) is not None:
        yield (
            f"there is a publication {name} already, so this statement would fail",
            "give it a name that is free",
        )
    yield from _whole(action, snapshot)
    seen: set[Name] = set()
    for found, part in publications.of(action, snapshot):
        table = snapshot.table(found)
        if found in seen:
            yield f"it names {found} twice, so this statement may fail", "name it once"
        seen.add(found)
        if table is None:
            yield _no_table(found, snapshot)
            return
        yield from _table(table, part, snapshot)
        yield from _part(table, part, snapshot)
    yield from _unidentified(action, apply.apply(snapshot, action))


def _no_table(name: Name, snapshot: Snapshot) -> Problem:
    for view in snapshot.views:
        if view.name == name:
            fails = "which cannot be published, so this statement would fail"
            return f"{name} is a {view.kind}, {fails}", "name the tables that it reads instead"
    return f"there is no table {name} in the schema, so this statement would fail", _NAME


def _whole(action: Action, snapshot: Snapshot) -> Iterator[Problem]:
    if written.of_all_tables(action) or written.schemas(action):
        yield (
            "a publication of all tables, or of those in a schema, needs superuser, and makes"
            " each UPDATE and DELETE of a table without a replica identity fail (55000), that"
            " of a table made later, too",
            "name the tables after FOR TABLE; or, if each has a key, put `-- zdm: privileged --"
            " reason` above it",
        )
    for option in written.options(action):
        since = _OPTIONS.get(option)
        if since is None or snapshot.major < since:
            yield (
                f"PostgreSQL {snapshot.major} has no option {option} of a publication, so this"
                " statement would fail",
                "leave it out",
            )
    for event in written.unknown_events(action):
        yield (
            f"`{event}` is none of insert, update, delete and truncate, so this statement would"
            " fail",
            "correct what it publishes",
        )


def _table(table: Table, part: Part, snapshot: Snapshot) -> Iterator[Problem]:
    if table.kind == "foreign table" or table.persistence != "permanent":
        kind = "a foreign" if table.kind == "foreign table" else f"an {table.persistence}"
        yield (
            f"{table.name} is {kind} table, which cannot be published, so this statement would"
            " fail",
            "leave it out",
        )
    if table.kind == "table" and family.children(snapshot, table.name) and not part.only:
        yield (
            f"{table.name} has tables that inherit from it, and these would be published, too",
            "write ONLY before its name, and name each of them that is to be published",
        )
    if _is_partitioned(table) and (part.columns or part.where is not None):
        yield (
            f"{table.name} is partitioned, and zdm does not know what a list of columns or a"
            " row filter of it means for each partition",
            "name its partitions instead, each with its own list or row filter",
        )


def _part(table: Table, part: Part, snapshot: Snapshot) -> Iterator[Problem]:
    if not part.columns and part.where is None:
        return
    if snapshot.major < _PARTS:
        yield (
            f"PostgreSQL {snapshot.major} has neither lists of columns nor row filters in a"
            " publication, so this statement would fail",
            "name the table alone",
        )
    for name in (*part.columns, *part.filtered):
        if table.column(name) is None:
            yield f"{table.name} has no column {name}, so this statement would fail", _NAME
            return
    listed = [table.require_column(name) for name in part.columns]
    for column in listed:
        if column.generated and not _can_be_sent(column, snapshot):
            yield (
                f"{table.name}.{column.name} is a generated column, which cannot be in the"
                " list, so this statement would fail",
                "leave it out; the subscriber can compute it",
            )
    if part.where is not None and not _is_simple(table, part):
        yield (
            f"PostgreSQL takes only simple row filters, and zdm cannot tell whether it takes"
            f" that of {table.name}",
            "compare columns of built-in types with constants, joined by AND and OR",
        )


def _can_be_sent(column: Column, snapshot: Snapshot) -> bool:
    return column.generated == "stored" and snapshot.major >= _SENDS_GENERATED


def _is_simple(table: Table, part: Part) -> bool:
    """Comparisons of columns and constants that no type, operator or collation of the
    database's own, and no setting of a session, has a say in."""
    if part.where is None or not expressions.never_fails(part.where):
        return False
    columns = [table.require_column(name) for name in part.filtered]
    types = {column.type.partition("(")[0] for column in columns}
    own = any(column.collation for column in columns) or expressions.names_operator(part.where)
    return (
        types <= _COMPARED
        and len(types & _TIMES) <= 1
        and not (own or expressions.casts(part.where))
    )


def _unidentified(action: Action, after: Snapshot) -> Iterator[Problem]:
    """Its tables, and those below them, of which updates or deletes would fail."""
    sent = changes(written.events(action))
    for name in dict.fromkeys(_with_rows(action, after)) if sent else ():
        table = after.require_table(name)
        if not replication.has_identity(table, after):
            yield (
                f"{name} has no replica identity (no primary key that is not DEFERRABLE), so"
                f" from this statement on each {_listed(sent)} of it fails (55000), of both"
                " versions",
                "give it a primary key or a replica identity in a release before this one, or"
                " write WITH (publish = 'insert, truncate')",
            )
        elif any(replication.uncovered(table, after, event) for event in sent):
            yield (
                f"the list of columns lacks one of the replica identity of {name}, or its row"
                f" filter reads another, so from this statement on each {_listed(sent)} of it"
                " fails (55000), of both versions",
                "list all columns of the replica identity, filter by these alone, or write WITH"
                " (publish = 'insert, truncate')",
            )
        elif any(replication.unsent(table, after, event) for event in sent):
            yield (
                f"the replica identity of {name} is FULL and has generated columns, which this"
                f" does not send, so from this statement on each {_listed(sent)} of it fails"
                " (55000), of both versions",
                "let a key be its replica identity in a release before this one, or write WITH"
                " (publish = 'insert, truncate')",
            )


def _with_rows(action: Action, after: Snapshot) -> Iterator[Name]:
    """The tables that it publishes; of a partitioned one the partitions, whose rows it has."""
    for name, _ in publications.of(action, after):
        table = after.require_table(name)
        yield from family.leaves(after, table) if _is_partitioned(table) else (name,)


def _is_partitioned(table: Table) -> bool:
    return table.kind == "partitioned table"


def _listed(events: Sequence[str]) -> str:
    return " and ".join(event.upper() for event in events)
