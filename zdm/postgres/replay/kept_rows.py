"""Rows whose old values a plan keeps, so that its undo brings them back, and rows that it
deletes or writes at one moment."""

from collections.abc import Iterator, Mapping, Sequence

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.model.findings import Finding
from zdm.model.locks import LockMode
from zdm.model.plan import AwaitRollout, Backfill, Irreversible, Phase, Plan, RunSql, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Fact, Setting
from zdm.model.syntax import Insert
from zdm.parse import mentioned
from zdm.parse.readers import authority
from zdm.parse.rows.copied import ROWS
from zdm.postgres.replay import contents
from zdm.postgres.replay.step import finding, for_transaction, written
from zdm.postgres.session import one_message
from zdm.postgres.session.connection import Connection
from zdm.recipes import stamp

_DELETE = "DELETE "
_MAKING = frozenset({"create_table", "new_table_change"})
_UPDATE, _FILL = "update_rows", "backfill"
_PATH = ("public",)  # of a name without a schema: where new tables are made
_CHECK_ALL = "SET CONSTRAINTS ALL IMMEDIATE"
_DEFAULT_PATH = "SET LOCAL search_path = DEFAULT"
_OBJECTS = frozenset(
    {
        "replace_function",
        "extend_function",
        "drop_function",
        "create_trigger",
        "replace_trigger",
        "drop_trigger",
        "toggle_trigger",
        "replace_view",
        "drop_view",
    }
)
_BOUNDS = frozenset({"attach_partition", "detach_partition", "partition_table"})
_WIDENING = frozenset({"widen_integer", "retype_column"})
_NAMES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema$)'
  AND c.relkind """
_TABLES = f"{_NAMES} IN ('r', 'p') ORDER BY 1"


class Kept(Struct, frozen=True, kw_only=True):
    """The rows of a table whose old values the plan keeps: all of them as one hash, and by
    their keys those values."""

    rows: str
    values: Mapping[str, str]


def kept(plan: Plan, conn: Connection) -> Mapping[Name, Kept]:
    """The tables whose old values the plan keeps, as they are now."""
    if not any(isinstance(step, RunSql) and step.restore for step in plan.steps):
        return {}
    fills = [s for s in plan.steps if isinstance(s, Backfill) and s.undo == ()]
    return {
        table: Kept(
            rows=_hash(conn, table),
            values=_values(conn, [f for f in fills if f.table == table]),
        )
        for table in sorted({fill.table for fill in fills})
    }


def _hash(conn: Connection, table: Name) -> str:
    row = conn.execute(_rows_of(f"FROM {table.sql}").encode()).fetchone()
    return str(row[0]) if row else ""


def _values(conn: Connection, fills: Sequence[Backfill]) -> Mapping[str, str]:
    table, columns = fills[0].table, [a.column for fill in fills for a in fill.assignments]
    key, value = (", ".join(map(ident, names)) for names in (fills[0].key, columns))
    query = f"SELECT ROW({key})::text, ROW({value})::text FROM {table.sql}"  # noqa: S608
    return {str(key): str(value) for key, value in conn.execute(query.encode())}


def restored(plan: Plan, conn: Connection, before: Mapping[Name, Kept]) -> Iterator[Finding]:
    """The tables whose rows are not those of before. Where another step adds rows, or changes
    other columns, and that stays, the kept values of the rows that were there are compared."""
    now = kept(plan, conn) if before else {}
    staying = _staying(plan) | {t for t in before if any(map(_is_unknown, plan.steps))}
    for table, start in before.items():
        values = now[table].values
        same = all(values.get(key, value) == value for key, value in start.values.items())
        if not same or (table not in staying and now[table].rows != start.rows):
            yield finding(
                "rows_not_restored",
                f"undone before the rollout, the rows of {table} are not those of the start,"
                " although the plan keeps the old values",
            )


def _staying(plan: Plan) -> frozenset[Name]:
    """The tables in which an undo leaves what a step did to rows."""
    return frozenset(
        lock.table
        for step in plan.steps
        if not isinstance(step, AwaitRollout)
        and isinstance(step.undo, Irreversible)
        and step.undo.rows
        for lock in step.locks
        if lock.mode is LockMode.ROW_EXCLUSIVE
    )


def _is_unknown(step: Step) -> bool:
    """Whether it may have done anything to rows."""
    return isinstance(step, RunSql) and step.as_written and isinstance(step.undo, Irreversible)


def deleted(plan: Plan) -> tuple[tuple[str, Sequence[Setting]], ...]:
    """Queries for the rows which the plan deletes, as one hash, each with its settings."""
    return tuple(
        (query, step.settings)
        for step in plan.steps
        if not isinstance(step, AwaitRollout)
        for query in _of_deleted(step)
    )


def promised(plan: Plan) -> frozenset[str]:
    """The steps that end a key which refuses rows of the new version: by its author, who says
    so with `run in contract`, that version writes none before."""
    words = {statement.source for statement in plan.statements if statement.vouched}
    return frozenset(
        step.id
        for step in plan.steps
        if isinstance(step, RunSql)
        and step.phase is Phase.CONTRACT
        and not step.as_written
        and words & {*step.origin}
    )


def widens(step: Step) -> bool:
    """Whether it ends a narrow column, which refuses until then what is beyond its type, as its
    plan says."""
    return step.operation in _WIDENING and step.phase is Phase.CONTRACT


def frees(step: Step) -> bool:
    """Whether it ends bounds that refuse rows until then: of the partition that it detaches, of
    the table that gets one, or of the one that becomes the first."""
    return isinstance(step, RunSql) and step.operation in _BOUNDS


def bounded(start: Snapshot, end: Snapshot, table: Table) -> bool:
    """Whether it is a partition at the start alone, or gets one that is in use."""
    before = start.table(table.name)
    if before is None:
        return False
    gained = (start.table(one.name) for one in end.tables if one.partition_of == table.name)
    gains = any(one is not None and one.partition_of is None for one in gained)
    return gains or (before.partition_of is not None and table.partition_of is None)


def deletes(step: Step) -> bool:
    """Whether the step deletes rows."""
    return not isinstance(step, AwaitRollout) and any(_of_deleted(step))


def _of_deleted(step: RunSql | Backfill) -> Iterator[str]:
    if isinstance(step, Backfill):
        if step.deletes:
            yield _rows_of(f"FROM {step.table.sql} WHERE {step.differs}")
    elif step.operation != stamp.SLUG and not step.as_written:
        for sql in step.sql:
            if sql.startswith(_DELETE):
                yield _rows_of(sql.removeprefix(_DELETE))


def _rows_of(source: str) -> str:
    return (
        "SELECT pg_catalog.md5(coalesce(string_agg(zdm_row::text, E'\\n'"  # noqa: S608
        f" ORDER BY zdm_row::text COLLATE \"C\"), '')) FROM (SELECT * {source}) AS zdm_row"
    )


def as_updates(steps: Sequence[Step], start: Snapshot, end: Snapshot) -> Sequence[Step]:
    """As if no trigger converted what is written while an UPDATE is done in batches; nothing
    where one does so until the contract, or where the table loses what the UPDATE may read."""
    if any(step.phase is Phase.CONTRACT and _converts(step) for step in steps):
        return ()
    return [
        replace(step, operation=_UPDATE) if step.operation == _FILL else step
        for step in steps
        if not isinstance(step, AwaitRollout) and not _converts(step)
        if not isinstance(step, Backfill) or _keeps_columns(step.table, start, end)
    ]


def _keeps_columns(name: Name, start: Snapshot, end: Snapshot) -> bool:
    before, after = start.table(name), end.table(name)
    if before is None or after is None:
        return False
    return all(after.column(column.name) for column in before.columns)


def _converts(step: Step) -> bool:
    """Whether it makes or drops the trigger of a fill."""
    return isinstance(step, RunSql) and step.operation == _FILL


def overtaken(
    steps: Sequence[Step], conn: Connection, table: Name, sql: str, path: str
) -> bool:
    """Whether it makes a difference if a write comes before or after an UPDATE for which no
    trigger converts what is written, or a copy of rows: the author's comes after it in one
    deployment and before it in another. The new version's may come before one that is done once
    more in the contract. What a copy joins is not looked at: two writes may make
    a row of it together."""
    if any(table.name in _joined(step) for step in steps):
        return True
    write = (f"SET LOCAL search_path = {path}", sql, "SET LOCAL search_path = DEFAULT")
    for number, step in enumerate(steps):
        for tables, made, done in _at_once(steps, number):
            for query in (_rows_of(f"FROM {table.sql}") for table in tables):
                first = _found(conn, query, _settings(step), *made, *write, *done)
                if first != _found(conn, query, _settings(step), *made, *done, *write):
                    return True
    return False


def changes_objects(step: Step) -> bool:
    """Whether it changes what runs for the writes of others."""
    return isinstance(step, RunSql) and step.operation in _OBJECTS


def made_otherwise(steps: Sequence[Step], conn: Connection, sql: str, path: str) -> bool:
    """Whether a write leaves other rows in any table before those of the steps that change
    functions, triggers or views than after them. One that fails after them does not: what
    refuses writes is found when it is sent."""
    objects = [s for s in steps if isinstance(s, RunSql) and changes_objects(s)]
    if not objects:
        return False
    tables = [str(row[0]) for row in conn.execute(_TABLES.encode())]
    query = " UNION ALL ".join(_rows_of(f"FROM {table}") for table in tables)
    query = f"SELECT array_agg(md5) FROM ({query}) AS zdm_all"  # noqa: S608  quoted
    done = [sql for step in objects for sql in _with_path(step.settings, step.sql)]
    write = _with_path((), (f"SET LOCAL search_path = {path}", sql, _CHECK_ALL))
    after = _found(conn, query, (), *done, *write)
    return after is not None and after != _found(conn, query, (), *write, *done)


def _joined(step: Step) -> frozenset[str]:
    """The tables that a copy reads, if they are several."""
    if not isinstance(step, Backfill) or step.copy is None:
        return frozenset()
    read = {one.name for one in mentioned.with_rows(step.copy.of(f"TABLE {step.table.sql}"))}
    read -= {ROWS, step.copy.table.name}
    return frozenset(read if len(read) > 1 else ())


def _settings(step: Step) -> Sequence[Setting]:
    """Those in force at it."""
    return () if isinstance(step, AwaitRollout) else step.settings


def _at_once(
    steps: Sequence[Step], number: int
) -> Iterator[tuple[frozenset[Name], Sequence[str], Sequence[str]]]:
    """The tables that a step changes once, what makes them, and what it does."""
    step = steps[number]
    if not isinstance(step, AwaitRollout) and step.operation == _UPDATE:
        made = [sql for one in steps[:number] for sql in _expanded(one)]
        update = step.sql if isinstance(step, RunSql) else (written(step),)
        done = _with_path(step.settings, update)
        yield frozenset(lock.table for lock in step.locks), made, done
    if isinstance(step, Backfill) and step.copy is not None:
        made = [sql for one in steps[:number] for sql in (*_expanded(one), *_filled(one))]
        done = _with_path(step.settings, (written(step),))
        yield frozenset({step.copy.table}), made, done
    if isinstance(step, RunSql) and step.operation in _MAKING:
        made = [sql for one in steps[:number] for sql in (*_expanded(one), *_filled(one))]
        for sql in step.sql:
            yield frozenset(_inserts_into(sql)), made, _with_path(step.settings, (sql,))


def _filled(step: Step) -> Sequence[str]:
    """What it writes into columns that the train makes."""
    if not isinstance(step, Backfill) or not step.assignments:
        return ()
    return _with_path(step.settings, (written(step),))


def _inserts_into(sql: str) -> Iterator[Name]:
    """The table of an INSERT of rows that a query gives."""
    for action in authority.of_step(sql, (), _PATH):
        said, fact = action.said, action.fact
        copies = isinstance(said, Insert) and not said.written_out
        if copies and isinstance(fact, Fact) and fact.table is not None:
            yield fact.table


def once_more(plan: Plan, table: Name) -> bool:
    """Whether rows of the table that a new constraint refuses are updated in the contract."""
    return any(
        step.phase is Phase.CONTRACT and step.operation == _UPDATE
        for step in plan.steps
        if not isinstance(step, AwaitRollout) and table in {lock.table for lock in step.locks}
    )


def _expanded(step: Step) -> Sequence[str]:
    """What it makes for an UPDATE behind it, such as the column that this fills."""
    makes = isinstance(step, RunSql) and step.phase is Phase.EXPAND and step.in_transaction
    if not isinstance(step, RunSql) or not makes or step.as_written or step.privileged:
        return ()
    return _with_path(step.settings, step.sql)


def _with_path(settings: Sequence[Setting], sql: Sequence[str]) -> Sequence[str]:
    return (*for_transaction(settings), *sql, "SET LOCAL search_path = DEFAULT")


def selected(
    conn: Connection,
    sql: str,
    gone: Sequence[tuple[str, Sequence[Setting]]],
    path: str = "DEFAULT",
) -> bool:
    """Whether the write makes, changes or deletes a row that the plan deletes. What becomes of
    it depends on when it is written, so neither version is to write any, as the plan says."""
    write = (f"SET LOCAL search_path = {path}", sql)
    for query, settings in gone:
        both = _around(conn, query, settings, write)
        if both is None:
            both = _found(conn, query, settings), _found(conn, query, settings, *write)
        if both[0] != both[1]:
            return True
    return False


def _around(
    conn: Connection, query: str, settings: Sequence[Setting], write: Sequence[str]
) -> tuple[object, object] | None:
    """What the query gives before and after a write, in one round trip; None where something
    fails."""
    then = (_DEFAULT_PATH, *for_transaction(settings), query)
    both = ("SAVEPOINT zdm_write", *then, "ROLLBACK TO zdm_write", *write, *then)
    with contents.numbers_kept(conn):
        try:
            rows = one_message.run(conn, both, keep=False)
        except psycopg.Error:
            return None
    return rows[len(then)], rows[-1]


def unfillable(plan: Plan, conn: Connection, sql: str, path: str = "DEFAULT") -> bool:
    """Whether a write, done where the plain migration has run, leaves a row for which the
    expression of a fill fails: until the contract its trigger refuses it, as the plan says."""
    fills = [s for s in plan.steps if isinstance(s, Backfill) and s.assignments]
    try:
        with conn.transaction(force_rollback=True):
            taking = [fill for fill in fills if not _fails(conn, fill)]
            conn.execute(f"SET LOCAL search_path = {path}".encode())
            conn.execute(sql.encode())
            return any(_fails(conn, fill) for fill in taking)
    except psycopg.Error:
        return False


def _fails(conn: Connection, fill: Backfill) -> bool:
    query = f"SELECT count(*) FROM {fill.table.sql} WHERE {fill.differs}"  # noqa: S608  quoted
    then = ("SET LOCAL search_path = DEFAULT", *for_transaction(fill.settings), query)
    try:
        one_message.run(conn, then, keep=False)
    except psycopg.Error:
        return True
    return False


def _found(conn: Connection, query: str, settings: Sequence[Setting], *first: str) -> object:
    """What the query gives after some statements, which are rolled back; None where one of them
    fails, for example because this schema lacks the table."""
    then = (_DEFAULT_PATH, *for_transaction(settings), query)
    with contents.numbers_kept(conn):
        try:
            rows = one_message.run(conn, [*first, *then], keep=False)[-1]
            return rows[0] if rows else None
        except psycopg.Error:
            return None
