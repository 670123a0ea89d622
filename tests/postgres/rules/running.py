"""Runs a case of a rule on a server as psql does, and sees what each statement does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from tests.postgres.impact import observe
from tests.postgres.impact.observe import Seen
from zdm.model.schema import Name
from zdm.parse import libpg_query, split, transactions
from zdm.parse.transactions import Kind
from zdm.postgres.session.connection import Connection

ROWS = 200
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL), t.typtype, a.atttypid::regtype::text,
       (SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = t.oid
        ORDER BY e.enumsortorder LIMIT 1)
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = '' ORDER BY a.attnum
"""
TABLES = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND (c.relkind = 'r' OR EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid))
ORDER BY c.oid
"""
_VALUES = {
    "text": "'v@' || i", "character varying": "'v@' || i", "character": "'v'",
    "timestamp with time zone": "now() + i * interval '1 s'",
    "timestamp without time zone": "now() + i * interval '1 s'",
    "date": "current_date", "boolean": "true", "jsonb": "'{}'", "json": "'{}'",
    "int4range": "int4range(i, i + 1)", "uuid": "gen_random_uuid()", "xml": "'<a/>'",
    "money": "1", "bytea": "'x'", "interval": "'1 day'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """What one statement did, and its text; `outside` of a transaction, locks are not seen."""

    sql: str
    seen: Seen
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What a file did up to its end, or to the statement that failed with a code."""

    done: tuple[Done, ...]
    failed: str = ""
    message: str = ""


def texts(sql: str) -> list[str]:
    """The statements of a file."""
    return [statement.sql for statement in split.statements(sql.encode(), "case.sql")]


def fill(conn: Connection) -> None:
    """Some rows in every table; a partitioned one gets few different keys."""
    for (table,) in conn.execute(TABLES).fetchall():
        columns = conn.execute(COLUMNS, [table]).fetchall()
        for number in ("i", "i % 10"):
            values = [_value(row, number) for row in columns]
            names = ", ".join(f'"{row[0]}"' for row in columns)
            query = (
                f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE"
                f" SELECT {', '.join(values)} FROM generate_series(1, {ROWS}) AS i"
                " ON CONFLICT DO NOTHING"
            )
            try:
                conn.execute(query.encode())
                break
            except psycopg.errors.CheckViolation:
                if number == "i % 10":
                    raise

    conn.execute("SELECT setval(oid::regclass, 5000) FROM pg_class WHERE relkind = 'S'")


def _value(row: Sequence[str], number: str) -> str:
    _, kind, typtype, type_, label = row
    if typtype == "e":
        return f"'{label}'"
    if kind in _VALUES:
        return f"{_VALUES[kind]}"
    if typtype == "c" or kind.endswith("[]"):
        return f"NULL::{type_}"
    return f"({number})::{type_}"


def run(conn: Connection, other: Connection, sql: str) -> Ran:
    """Each statement in a transaction of its own, save where the file says BEGIN, or where it
    can run in none."""
    done: list[Done] = []
    for text in texts(sql):
        try:
            done += _one(conn, other, text)
        except psycopg.Error as error:
            conn.execute("ROLLBACK")
            return Ran(tuple(done), error.sqlstate or "", str(error))
    conn.execute("ROLLBACK")
    return Ran(tuple(done))


def _one(conn: Connection, other: Connection, text: str) -> Iterator[Done]:
    control = transactions.control(libpg_query.statements(text.encode())[0])
    if control is not None and control.kind in (Kind.BEGIN, Kind.COMMIT, Kind.ROLLBACK):
        conn.execute(text.encode())
        return
    inside = conn.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE
    if not inside and _is_outside(text):
        before = observe.relations(conn)
        conn.execute(text.encode())
        yield Done(text, observe.seen(before, observe.relations(conn), frozenset()), True)
        return
    if not inside:
        conn.execute("BEGIN")
    before = observe.relations(conn)
    observe.run(conn, text)
    held = observe.held(other, conn.info.backend_pid)
    yield Done(text, observe.seen(before, observe.relations(conn), held))
    if not inside:
        conn.execute("COMMIT")


def _is_outside(text: str) -> bool:
    words = text.upper().split()
    return (
        "CONCURRENTLY" in words
        or words[0] in ("VACUUM", "CLUSTER")
        or words[:2] in (["ALTER", "SYSTEM"], ["DROP", "DATABASE"], ["REINDEX", "SCHEMA"])
    )


def existing(conn: Connection) -> frozenset[Name]:
    """The relations that are there."""
    return frozenset(relation.name for relation in observe.relations(conn).values())
