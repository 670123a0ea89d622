"""What a statement really does: locks, new files, and rows that were read.

Locks: another session looks into pg_locks before the transaction ends; a statement that cannot
run in a transaction is made to wait, once for its first lock and once for its last, and is
looked at meanwhile. Rewrites and index builds: file nodes before and after. Scans: rows that
sequential scans returned to the session itself (pg_stat_get_xact_tuples_returned), which are
counted at once and not, like those of pg_stat_user_tables, some time after the transaction.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tests import waiting
from zdm.model.locks import LockMode
from zdm.model.schema import Name
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind, pg_relation_filenode(c.oid), i.indrelid,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END AS size,
       CASE WHEN c.relkind IN ('r', 'm', 'p')
            THEN pg_stat_get_xact_tuples_returned(c.oid)
            ELSE 0 END AS read
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE n.nspname IN ('public', 'other') AND c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I', 'S', 'c')
"""
LOCKS = """
SELECT l.relation, l.mode FROM pg_locks AS l WHERE l.pid = %s AND l.locktype = 'relation'
"""
MODES = {f"{mode.value.title().replace(' ', '')}Lock": mode for mode in LockMode}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation before or after."""

    name: Name
    kind: str
    file: int | None
    table: int | None  # of an index
    size: int
    read: int


Relations = Mapping[int, Relation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen on relations that were there before."""

    locks: Mapping[Name, LockMode]
    rewritten: frozenset[Name]
    built: frozenset[Name]  # tables with a new or rebuilt index
    scanned: frozenset[Name]


def relations(conn: Connection) -> Relations:
    return {
        oid: Relation(
            name=Name(schema, name),
            kind=kind,
            file=file,
            table=table,
            size=size,
            read=int(read),
        )
        for oid, schema, name, kind, file, table, size, read in conn.execute(RELATIONS)
    }


def held(conn: Connection, pid: int) -> frozenset[tuple[int, LockMode]]:
    return frozenset((oid, MODES[mode]) for oid, mode in conn.execute(LOCKS, [pid]))


def in_transaction(conn: Connection, other: Connection, statements: list[str]) -> Seen:
    """Run statements in a transaction that is rolled back; the last one is looked at."""
    conn.execute("BEGIN")
    try:
        for statement in statements[:-1]:
            conn.execute(statement.encode())
        before = relations(conn)
        run(conn, statements[-1])
        found = held(other, conn.info.backend_pid)
        after = relations(conn)
    finally:
        conn.execute("ROLLBACK")
    return seen(before, after, found)


def run(conn: Connection, statement: str) -> None:
    """Run it; COPY has a protocol of its own."""
    if not statement.startswith("COPY"):
        conn.execute(statement.encode())
        return
    with conn.cursor().copy(statement.encode()) as copy:
        if "TO STDOUT" in statement:
            for _ in copy:
                pass


def seen(before: Relations, after: Relations, found: frozenset[tuple[int, LockMode]]) -> Seen:
    changed = rewritten(before, after)
    return Seen(
        locks=locks(before, found),
        rewritten=changed,
        built=built(before, after),
        scanned=scanned(before, after) | changed,
    )


def locks(before: Relations, found: frozenset[tuple[int, LockMode]]) -> Mapping[Name, LockMode]:
    """By relation; a lock on an index only where the one on its table does not cover it."""
    strongest: dict[int, LockMode] = {}
    for oid, mode in found:
        if oid in before:
            there = strongest.get(oid)
            strongest[oid] = mode if there is None else there.together_with(mode)
    kept = {}
    for oid, mode in strongest.items():
        relation = before[oid]
        over = strongest.get(relation.table) if relation.table is not None else None
        if over is not None and over.covers(mode):
            continue
        kept[relation.name] = mode
    return kept


def rewritten(before: Relations, after: Relations) -> frozenset[Name]:
    """An empty file is no rewrite: a TRUNCATE makes one."""
    return frozenset(
        old.name
        for oid, old in before.items()
        if old.kind in ("r", "m")
        and oid in after
        and after[oid].file != old.file
        and after[oid].size
    )


def built(before: Relations, after: Relations) -> frozenset[Name]:
    """Tables that were there, with an index whose file was not."""
    files = {relation.file for relation in before.values()}
    new = [r for r in after.values() if r.kind == "i" and r.file not in files]
    tables = {r.table for r in new if r.table is not None and after[r.table].size}
    return frozenset(before[oid].name for oid in tables if oid in before)


def scanned(before: Relations, after: Relations) -> frozenset[Name]:
    return frozenset(
        old.name
        for oid, old in before.items()
        if oid in after and after[oid].read - old.read >= ENOUGH
    )


ENOUGH = 100  # every table of the schema has more rows than that in each partition


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that keeps a relation: first from SHARE UPDATE EXCLUSIVE and all that is
    stronger, and once it has let go of that, it and its indexes from ACCESS EXCLUSIVE."""

    conn: Connection
    let_go: list[bool]

    @classmethod
    def of(cls, conn: Connection, relation: Relation) -> "Holder":
        name = relation.name.sql
        conn.execute("BEGIN")
        if relation.kind != "p":  # reading the parent would hold the partitions, too
            conn.execute(f"SELECT FROM ONLY {name} LIMIT 0".encode())
        conn.execute("SAVEPOINT read")
        if relation.kind == "m":  # which LOCK TABLE does not take
            conn.execute(f"COMMENT ON MATERIALIZED VIEW {name} IS 'held'".encode())
        else:
            conn.execute(f"LOCK TABLE ONLY {name} IN SHARE UPDATE EXCLUSIVE MODE".encode())
        return cls(conn, [])

    def release(self) -> None:
        self.conn.execute(b"ROLLBACK" if self.let_go else b"ROLLBACK TO SAVEPOINT read")
        self.let_go.append(True)


def outside(dsn: str, owner: str, statement: str, tables: Collection[Name]) -> Seen:
    """Run a statement that no transaction may hold. Each of the tables is held by another
    session, so that the statement waits for each lock, and what it holds and asks for then is
    seen."""
    with ExitStack() as stack:
        other = stack.enter_context(connection.connect(dsn, name="tests"))
        before = relations(other)
        holders = {}
        for relation in before.values():
            if relation.kind in ("r", "p", "m") and relation.name in tables:
                conn = stack.enter_context(connection.connect(dsn, name="tests"))
                holders[conn.info.backend_pid] = Holder.of(conn, relation)
        with connection.connect(owner, name="tests") as conn, ThreadPoolExecutor(1) as pool:
            running: Future[object] = pool.submit(conn.execute, statement.encode())
            found = until_done(other, conn.info.backend_pid, running, holders)
            running.result()
            conn.execute("SELECT count(*) FROM typed")
        scans = counted(other)
        after = relations(other)
    gone = {o for o, r in before.items() if r.kind == "i" and o not in after}
    kept = frozenset((oid, mode) for oid, mode in found if oid not in gone)
    now = seen(before, after, kept)
    return replace(now, scanned=now.scanned | scans)


def until_done(
    other: Connection, pid: int, running: "Future[object]", holders: Mapping[int, Holder]
) -> frozenset[tuple[int, LockMode]]:
    """Look on, and let go whatever the statement waits for."""
    found: set[tuple[int, LockMode]] = set()

    def look() -> bool:
        row = other.execute("SELECT pg_blocking_pids(%s)", [pid]).fetchone()
        found.update(held(other, pid))
        for blocker in row[0] if row else ():
            holders[blocker].release()
        return running.done()

    waiting.until(look)
    return frozenset(found)


def counted(other: Connection) -> frozenset[Name]:
    """Tables whose rows were read, as the server has counted when the session's last query,
    a scan of `typed`, is counted as well; VACUUM counts itself."""

    marker = Name("public", "typed")
    query = "SELECT schemaname, relname, seq_tup_read, vacuum_count FROM pg_stat_user_tables"

    def look() -> dict[Name, tuple[int, int]]:
        rows = {Name(s, n): (read, times) for s, n, read, times in other.execute(query)}
        return rows if rows[marker][0] >= ENOUGH else {}

    found = waiting.until(look)
    return frozenset(
        name
        for name, (read, times) in found.items()
        if times or (read >= ENOUGH and name != marker)
    )
