"""Whether a DELETE in a table that a new foreign key names reads all rows of the other one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql

from benchmarks.precision import rows
from benchmarks.precision.facts import Seen
from zdm.postgres.session.connection import Connection

ENOUGH = rows.COUNT // 2
KEYS = "SELECT oid FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"
KEY = """
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text, k.conrelid,
       array(SELECT quote_ident(attname) FROM unnest(k.conkey) WITH ORDINALITY AS u (n, place)
             JOIN pg_attribute ON attrelid = k.conrelid AND attnum = n ORDER BY place),
       array(SELECT quote_ident(attname) FROM unnest(k.confkey) WITH ORDINALITY AS u (n, place)
             JOIN pg_attribute ON attrelid = k.confrelid AND attnum = n ORDER BY place)
FROM pg_constraint AS k WHERE k.oid = %s AND k.conrelid <> k.confrelid
"""
OTHERS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND confrelid = %s::regclass AND oid <> %s
"""
READ = "SELECT pg_stat_get_xact_tuples_returned(%s)"
REPLICA = "SET LOCAL session_replication_role = replica"
ORIGIN = "SET LOCAL session_replication_role = origin"


@dataclass(slots=True)
class Keys:
    """The foreign keys that were there before, and the statement that made each other one."""

    before: frozenset[int]
    made: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, conn: Connection) -> "Keys":
        """Those that are there now."""
        return cls(frozenset(oid for (oid,) in conn.execute(KEYS)))

    def look(self, conn: Connection, number: int) -> None:
        """Note which are new after a statement."""
        if conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            return
        for (oid,) in conn.execute(KEYS).fetchall():
            if oid not in self.before:
                self.made.setdefault(oid, number)


def judged(conn: Connection, keys: Keys, seen: list[Seen]) -> list[Seen]:
    """What was seen, and which new foreign keys read all rows after the whole migration."""
    if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        return seen
    facts: dict[int, list[str]] = {}
    for oid, number in keys.made.items():
        for fact in _slow(conn, oid):
            facts.setdefault(number, []).append(fact)
    return [_with(one, facts, number) for number, one in enumerate(seen)]


def _with(one: Seen, facts: Mapping[int, list[str]], number: int) -> Seen:
    return replace(one, facts=(*one.facts, *facts.get(number, ())))


def _slow(conn: Connection, oid: int) -> Iterator[str]:
    row = conn.execute(KEY, [oid]).fetchone()
    if row is None:
        return
    child, parent, child_oid, columns, key = row
    with conn.transaction(force_rollback=True):
        try:
            for (other,) in conn.execute(OTHERS, [parent, oid]).fetchall():
                conn.execute(other)
            read = _read_by_delete(conn, (child, parent), child_oid, (columns, key))
        except psycopg.Error:
            return
    if read >= ENOUGH:
        yield f"slows: DELETE FROM {parent} reads {read} rows of {child}"


def _read_by_delete(
    conn: Connection,
    tables: tuple[str, str],
    child_oid: int,
    columns: tuple[list[str], list[str]],
) -> int:
    """How many rows of the child are read in order to delete a row that none refers to."""
    child, parent = tables
    conn.execute(REPLICA)
    for table in (parent, child):
        if not conn.execute(sql.SQL(f"SELECT FROM {table} LIMIT 1")).fetchall():
            rows.fill_one(conn, table)
    mine, theirs = (f"({', '.join(names)})" for names in columns)
    first = f"(SELECT {', '.join(columns[1])} FROM {parent} LIMIT 1)"
    conn.execute(f"DELETE FROM {child} WHERE {mine} = {first}".encode())
    conn.execute(f"ANALYZE {child}".encode())
    conn.execute(ORIGIN)
    before = _number(conn, child_oid)
    conn.execute(f"DELETE FROM {parent} WHERE {theirs} = {first}".encode())
    return _number(conn, child_oid) - before


def _number(conn: Connection, oid: int) -> int:
    row = conn.execute(READ, [oid]).fetchone()
    return row[0] or 0 if row else 0
