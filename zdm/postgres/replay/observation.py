"""What a transaction really does to tables: the locks it holds and the files it rewrites.

pg_locks keeps every table lock until the transaction ends (manual, chapter 54.12), so one
look before COMMIT sees all of them. A statement that cannot run in a transaction lets its
locks go by itself: there another session holds ROW EXCLUSIVE on the tables, so that the
statement waits for it, and what it holds or asks for meanwhile is seen.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from msgspec import Struct

from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock
from zdm.model.locks import LockMode
from zdm.model.plan import TableLock
from zdm.model.schema import Name
from zdm.model.sql import ident
from zdm.postgres.session.connection import Connection

_LOOK = timedelta(milliseconds=2)
_LOOKS_WHILE_WAITING = 3  # the server needs a moment to show every lock
_PATIENCE = timedelta(seconds=5)  # until the tables are let go, also when nothing waits

_STATISTICS = "pg_catalog.pg_stats"  # in a probe that asks for them
_AUTOVACUUM = b"SELECT pg_catalog.current_setting('autovacuum')"
_RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_relation_filenode(c.oid),
       coalesce(i.indrelid, d.refobjid, c.oid) AS counts_for,
       ARRAY(SELECT a.relid::oid FROM pg_catalog.pg_partition_ancestors(c.oid) AS a)::oid[]
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_depend AS d ON c.relkind = 'S' AND d.objid = c.oid
  AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
  AND d.refclassid = 'pg_catalog.pg_class'::regclass
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'p', 'f', 'm', 'v', 'i', 'I', 'S')
"""
_LOCKS = """
SELECT relation, mode FROM pg_catalog.pg_locks WHERE pid = %s AND locktype = 'relation'
  AND database = (SELECT oid FROM pg_catalog.pg_database
                  WHERE datname = pg_catalog.current_database())
"""
_WAITS = """
SELECT wait_event_type = 'Lock' FROM pg_catalog.pg_stat_activity WHERE pid = %s
"""
_MODES = {f"{mode.value.title().replace(' ', '')}Lock": mode for mode in LockMode}


class Relation(Struct, frozen=True, kw_only=True):
    """A table, view, index or sequence; an index and an owned sequence count for a table."""

    name: Name
    kind: str  # relkind
    file: int | None
    counts_for: int
    ancestors: tuple[int, ...]


Relations = Mapping[int, Relation]
Held = frozenset[tuple[int, LockMode]]  # (oid, mode)


def relations(conn: Connection) -> Relations:
    """Every relation of the database that is not PostgreSQL's own, by oid."""
    return {
        oid: Relation(
            name=Name(schema, name),
            kind=kind,
            file=file,
            counts_for=counts_for,
            ancestors=tuple(ancestors),
        )
        for oid, schema, name, kind, file, counts_for, ancestors in conn.execute(_RELATIONS)
    }


def held(conn: Connection, pid: int) -> Held:
    """The table locks that a backend holds or waits for now."""
    return frozenset((oid, _MODES[mode]) for oid, mode in conn.execute(_LOCKS, [pid]))


def outside_transaction(conn: Connection, other: Connection, sql: str) -> Held:
    """Run one statement that no transaction block may hold; the locks seen meanwhile.

    `other` is a connection of its own, in autocommit; its locks last until the statement
    waits, and no longer.
    """
    pid = conn.info.backend_pid
    before = relations(other)
    found: Held = frozenset()
    clock = SystemClock()
    with ThreadPoolExecutor(1) as pool:
        with other.transaction():
            _hold_tables(other)
            running: Future[object] = pool.submit(conn.execute, sql.encode())
            for seen in _until_waiting(other, pid, running, clock):
                found |= seen
        while not running.done():
            found |= held(other, pid)
            clock.sleep(_LOOK)
        running.result()
    return found - of_gone_indexes(found, before, relations(other))


def of_gone_indexes(found: Held, before: Relations, after: Relations) -> Held:
    """Locks on indexes that a CONCURRENTLY dropped.

    It locks an index for itself only once no query can use it any more (manual, DROP INDEX);
    what drops an index that is in use locks its table too.
    """
    return frozenset(
        (oid, mode)
        for oid, mode in found
        if oid in before and before[oid].kind in ("i", "I") and oid not in after
    )


def _hold_tables(conn: Connection) -> None:
    tables = [r.name for r in relations(conn).values() if r.kind in ("r", "p")]
    if tables:
        names = ", ".join(ident(name.schema, name.name) for name in tables)
        conn.execute(f"LOCK TABLE {names} IN ROW EXCLUSIVE MODE".encode())


def _until_waiting(
    conn: Connection, pid: int, running: "Future[object]", clock: Clock
) -> Iterator[Held]:
    end, waits = clock.monotonic() + _PATIENCE.total_seconds(), 0
    while not running.done() and waits < _LOOKS_WHILE_WAITING and clock.monotonic() < end:
        row = conn.execute(_WAITS, [pid]).fetchone()
        waits = waits + 1 if row and row[0] else 0
        yield held(conn, pid)
        clock.sleep(_LOOK)


def unclaimed(
    seen: Held, claimed: tuple[TableLock, ...], before: Relations
) -> tuple[TableLock, ...]:
    """Locks on tables that were there before, which no claimed lock covers.

    ACCESS SHARE is left out: any query takes it. A lock on an index or a sequence counts
    where it keeps other sessions from reading or writing the table.
    """
    found = set()
    for oid, mode in seen:
        relation = before.get(oid)
        if relation is None or mode is LockMode.ACCESS_SHARE:
            continue
        harmless = not (mode.blocks_reads or mode.blocks_writes)
        if relation.counts_for != oid and harmless:
            continue
        table = before.get(relation.counts_for, relation)
        names = {table.name, *(before[a].name for a in table.ancestors if a in before)}
        if not any(lock.table in names and lock.mode.covers(mode) for lock in claimed):
            found.add(TableLock(table=table.name, mode=mode))
    return tuple(sorted(found))


def rewritten(before: Relations, after: Relations) -> frozenset[Name]:
    """Tables whose file is another one; those that are gone were not written."""
    return frozenset(
        relation.name
        for oid, relation in before.items()
        if relation.kind in ("r", "m") and oid in after and after[oid].file != relation.file
    )


def built(before: Relations, after: Relations) -> frozenset[tuple[Name, Name]]:
    """Indexes that were built again, each with its table, whose own file is the same. ALTER
    TABLE replaces such an index by a new one, so that it is known by its name; one that got
    the name of another keeps its file."""
    files = {relation.file for relation in before.values()}
    now = {one.name: one for one in after.values() if one.kind == "i"}
    rewrites = rewritten(before, after)
    found = set()
    for old in before.values():
        new, table = now.get(old.name), before.get(old.counts_for)
        if old.kind != "i" or new is None or table is None or table.name in rewrites:
            continue
        if new.file not in files:
            found.add((old.name, table.name))
    return frozenset(found)


def families(before: Relations) -> Mapping[Name, frozenset[Name]]:
    """Each table with the partitioned tables above it, itself included."""
    return {
        relation.name: frozenset(
            {relation.name, *(before[a].name for a in relation.ancestors if a in before)}
        )
        for relation in before.values()
    }


def may_be_analyzed(connection: Connection, probe: str) -> bool:
    """Whether the probe asks for statistics, and autovacuum may gather them at any moment; a
    server of the cache has none."""
    return _STATISTICS in probe and connection.execute(_AUTOVACUUM).fetchone() == ("on",)
