"""Rows for every table that a migration meets."""

import psycopg

from zdm.postgres.session.connection import Connection

COUNT = 1000
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
VALUES = {
    "bool": "true",
    "uuid": "gen_random_uuid()",
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
    "S": "'v' || g",
    "D": "TIMESTAMPTZ '2020-01-01' + g * interval '1 minute'",
    "A": "'{}'",
    "R": "'empty'",
}


def fill(conn: Connection, first: int = 1, count: int = COUNT) -> list[str]:
    """Fill all tables; returns those that take no rows."""
    bare = []
    conn.execute("SET session_replication_role = replica")
    for table, columns, names, types, categories, lengths in conn.execute(TABLES).fetchall():
        values = [
            value(*of)
            for of in zip(names, types, categories, lengths, strict=True)
        ]
        if not inserted(conn, table, columns, values, first, count):
            bare.append(table)
    conn.execute("RESET session_replication_role")
    return bare


def value(name: str, full: str, category: str, length: int | None) -> str:
    """An expression in g."""
    if category == "E":
        return f"(enum_range(NULL::{full}))[1]"
    found = VALUES.get(name) or BY_CATEGORY.get(category, "NULL")
    if category == "S" and length is not None:
        found = f"right('0000' || g, {length})"
    return f"({found})::{full}" if category not in ("N",) else f"({found})::{full}"


def inserted(
    conn: Connection, table: str, columns: list[str], values: list[str], first: int, count: int
) -> bool:
    """Whether the rows went in; in smaller numbers if they do not fit (a partition's bounds)."""
    last = first + count - 1
    for series in (f"generate_series({first}, {last})", "generate_series(1, 9)"):
        sql = (
            f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
            f" SELECT {', '.join(values)} FROM {series} AS g"
        )
        try:
            conn.execute(sql.encode())
        except psycopg.Error:
            continue
        return True
    return False
