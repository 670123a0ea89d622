"""Whether all queries of a table wait because a statement waits for an older one, although
PostgreSQL has a form of the statement in which they do not.

These are DROP INDEX and DETACH PARTITION, each of which has a form with CONCURRENTLY. Every
other statement that locks a table against reads waits in the same way, but has no other form;
a lock_timeout is what helps there, and is counted by itself. It helps here, too.
"""

import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import psycopg

from zdm.postgres.session.connection import Connection

DROP = re.compile(
    r"\s*DROP\s+INDEX\s+(?!CONCURRENTLY\b)(?:IF\s+EXISTS\s+)?(.*?)\s*(?:RESTRICT|CASCADE)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
DETACH = re.compile(r".*\bDETACH\s+PARTITION\s+[^\s;]+\s*;?\s*$", re.IGNORECASE | re.DOTALL)
# a partitioned table, and one with a DEFAULT partition: there CONCURRENTLY is refused
TABLES = """
SELECT c.oid, c.oid::regclass::text, c.relkind = 'p', coalesce(p.partdefid <> 0, false)
FROM pg_class AS c LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
WHERE c.oid = ANY (%s) AND c.relkind IN ('r', 'p')
"""
INDEXED = "SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass(%s)"
LIMITED = "SELECT current_setting('lock_timeout') <> '0'"
WAITS = """
SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = %s
"""
SOON = "SET LOCAL lock_timeout = '20ms'"
PATIENCE = 5.0  # seconds until a statement has ended or waits
Table = tuple[int, str, bool, bool]


@dataclass(slots=True)
class Queue:
    """Two other sessions: the older query, and one that comes later."""

    older: Connection
    later: Connection
    stopped: set[int] = field(default_factory=set)  # by the transaction's statements so far

    def behind(self, conn: Connection, sql: str, released: Collection[int]) -> list[str]:
        """The tables whose queries wait; what the statement does is rolled back. An earlier
        statement of the transaction, which has such a form as well, may have the lock."""
        if not (DROP.match(sql) or DETACH.match(sql)) or _limited(conn):
            return []
        tables = {t[0]: t for t in self.older.execute(TABLES, [list(released)]).fetchall()}
        found = {
            tables[oid][1] for oid in _indexed(conn, sql) if oid in self.stopped & {*tables}
        }
        with self.older.transaction(force_rollback=True):
            read = [t for t in tables.values() if can_read(self.older, t[1])]
            for table in self._waiting(conn, sql, read):
                self.stopped.add(table[0])
                found.add(table[1])
        return [f"queues: {', '.join(sorted(found))} behind an older query"] if found else []

    def _waiting(self, conn: Connection, sql: str, read: list[Table]) -> list[Table]:
        conn.execute("SAVEPOINT queued")
        conn.pgconn.send_query(sql.encode())
        try:
            if not self.waits(conn):
                return []
            stopped = [table for table in read if not can_read(self.later, table[1])]
        finally:
            if conn.pgconn.is_busy():
                self.later.execute("SELECT pg_cancel_backend(%s)", [conn.info.backend_pid])
            while conn.pgconn.get_result() is not None:
                pass
            conn.execute("ROLLBACK TO queued")
        return [] if any(_has_no_form(sql, table) for table in stopped) else stopped

    def waits(self, conn: Connection) -> bool:
        """Whether the statement waits for a lock, once it does or has ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            conn.pgconn.consume_input()
            if not conn.pgconn.is_busy():
                return False
            row = self.later.execute(WAITS, [conn.info.backend_pid]).fetchone()
            if row is not None and row[0]:
                return True
        return False


def _limited(conn: Connection) -> bool:
    row = conn.execute(LIMITED).fetchone()
    return bool(row and row[0])


def _indexed(conn: Connection, sql: str) -> Iterator[int]:
    """The tables whose indexes it drops."""
    drop = DROP.match(sql)
    for name in drop[1].split(",") if drop is not None else ():
        for (oid,) in conn.execute(INDEXED, [name.strip()]).fetchall():
            yield oid


def _has_no_form(sql: str, table: Table) -> bool:
    _, _, partitioned, with_default = table
    return with_default if DETACH.match(sql) else partitioned


def can_read(conn: Connection, table: str) -> bool:
    """Whether a query of the table gets its lock soon."""
    try:
        with conn.transaction():
            conn.execute(SOON)
            conn.execute(f"SELECT FROM {table} LIMIT 0".encode())
    except psycopg.errors.LockNotAvailable:
        return False
    return True
