"""Rows for every table that a migration meets."""

import re
from typing import Any

import psycopg

from zdm.postgres.session.connection import Connection

COUNT = 1000
FIRST = 10_001  # away from the small numbers that migrations name
TABLES = """
SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname) ORDER BY a.attnum),
       array_agg(coalesce(b.typname, t.typname) ORDER BY a.attnum),
       array_agg(a.atttypid::regtype::text ORDER BY a.attnum),
       array_agg(coalesce(b.typcategory, t.typcategory)::text ORDER BY a.attnum),
       array_agg(information_schema._pg_char_max_length(t.oid, a.atttypmod)
                 ORDER BY a.attnum)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attgenerated = ''
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY c.oid ORDER BY c.oid
"""
CHECKS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'c' AND conrelid = %s::regclass
"""
LITERAL = re.compile(r"'(?:[^']|'')*'")
VALUES = {
    "bool": "true",
    "uuid": "md5(g::text)::uuid",  # one column refers to another
    "json": "'{}'::json",
    "jsonb": "'{}'::jsonb",
    "bytea": "g::text::bytea",
    "date": "DATE '2020-01-01' + g % 1000",
    "time": "TIME '00:00'",
    "interval": "interval '1s' * g",
    "inet": "'10.0.0.1'::inet",
    "tsvector": "''::tsvector",
    "xml": "'<a/>'::xml",
    "int2": "g % 30000",
    "money": "g::numeric::money",
    "bit": "1::bit",
}
BY_CATEGORY = {
    "N": "g",
    "S": "'v' || g || '@x.example'",
    "D": "TIMESTAMPTZ '2020-01-01' + g * interval '1 minute'",
    "A": "'{}'",
    "R": "'empty'",
}


def fill(conn: Connection) -> list[str]:
    """Fill all tables; returns those that take no rows."""
    conn.execute("SET session_replication_role = replica")
    bare = [row[0] for row in conn.execute(TABLES).fetchall() if not _filled(conn, *row)]
    conn.execute("RESET session_replication_role")
    return bare


def fill_one(conn: Connection, name: str) -> None:
    """Fill one table."""
    for row in conn.execute(TABLES).fetchall():
        if row[0] == name:
            _filled(conn, *row)


def _filled(conn: Connection, table: str, columns: list[str], *types: list[Any]) -> bool:
    values = [value(*of) for of in zip(*types, strict=True)]
    into = f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
    allowed = [
        literal or value_
        for literal, value_ in zip(literals(conn, table, columns), values, strict=True)
    ]
    return any(
        inserted(conn, f"{into} SELECT {', '.join(chosen)}") for chosen in (values, allowed)
    )


def analyze(conn: Connection) -> None:
    """Let the planner know the tables; the catalogs of a new database take longer than they."""
    for table, *_ in conn.execute(TABLES).fetchall():
        conn.execute(f"ANALYZE {table}".encode())


def literals(conn: Connection, table: str, columns: list[str]) -> list[str]:
    """For each column the first text that a check of the table compares it with."""
    checks = [check for (check,) in conn.execute(CHECKS, [table])]
    found = []
    for column in columns:
        own = [check for check in checks if re.search(rf"\b{re.escape(column)}\b", check)]
        texts = [text for check in own for text in LITERAL.findall(check)]
        found.append(texts[0] if texts else "")
    return found


def value(name: str, full: str, category: str, length: int | None) -> str:
    """An expression in g."""
    if category == "E":
        return (
            f"(SELECT enumlabel FROM pg_enum WHERE enumtypid = $type${full}$type$::regtype"
            f" ORDER BY oid LIMIT 1)::text::{full}"
        )
    found = VALUES.get(name) or BY_CATEGORY.get(category, "NULL")
    if category == "S" and length is not None and length < len("v10001@x.example"):
        found = f"right('0000' || g, {length})"
    return f"({found})::{full}"


def inserted(conn: Connection, insert: str) -> bool:
    """Whether the rows went in; with smaller numbers if a partition's bounds refuse these."""
    for low, high in ((FIRST, FIRST + COUNT - 1), (1, COUNT), (1, 9)):
        try:
            with conn.transaction():
                conn.execute(f"{insert} FROM generate_series({low}, {high}) AS g".encode())
        except psycopg.Error:
            continue
        return True
    return False
