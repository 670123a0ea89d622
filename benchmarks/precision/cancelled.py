"""What a build without a transaction leaves when its own timeout cancels it, and what a
statement does with the index that such a build has left."""

import re

import psycopg

from zdm.postgres.session.connection import Connection

BUILDS = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
LIMITED = """
SELECT current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '0'
"""
TABLES = """
SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
INDEXES = """
SELECT i.indexrelid, i.indexrelid::regclass::text, i.indisvalid FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND c.relkind = 'i'
"""


def under_old_snapshot(conn: Connection, other: Connection, sql: str) -> list[str]:
    """Runs it while another transaction is open that has read all tables, if a timeout is in
    force; what it leaves is dropped again."""
    row = conn.execute(LIMITED).fetchone()
    if not BUILDS.search(sql) or row is None or not row[0]:
        return []
    before = {oid for oid, _, valid in conn.execute(INDEXES) if not valid}
    with other.transaction(force_rollback=True):
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for (table,) in other.execute(TABLES).fetchall():
            other.execute(f"SELECT FROM {table} LIMIT 1".encode())
        try:
            conn.execute(sql.encode(), prepare=False)
        except psycopg.Error:
            pass
        else:
            return []
    left = [
        (oid, name)
        for oid, name, valid in conn.execute(INDEXES).fetchall()
        if not valid and oid not in before
    ]
    for _, name in left:
        conn.execute(f"DROP INDEX {name}".encode())
    return [f"remains: {name} is INVALID" for _, name in left]


def indexes(conn: Connection) -> frozenset[int]:
    """Those that are there."""
    return frozenset(oid for oid, *_ in conn.execute(INDEXES))


def again(conn: Connection, sql: str, before: frozenset[int]) -> list[str]:
    """Runs it again over the index that it has just built, as if that build had been cancelled:
    whether it ends well, and the index stays INVALID."""
    made = [(oid, name) for oid, name, valid in conn.execute(INDEXES) if oid not in before]
    if not BUILDS.search(sql) or len(made) != 1:
        return []
    ((oid, name),) = made
    conn.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s", [oid])
    try:
        conn.execute(sql.encode(), prepare=False)
        after = {one: valid for one, _, valid in conn.execute(INDEXES)}
        kept = after.keys() == before | {oid} and not after[oid]
    except psycopg.Error:
        kept = False
    conn.execute("UPDATE pg_index SET indisvalid = true WHERE indexrelid = %s", [oid])
    return [f"remains: {name} is kept INVALID"] if kept else []
