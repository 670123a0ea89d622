"""Makes what a migration names and nothing has made, from the server's own errors.

squawk's test statements come without the tables that they change. A
statement that still fails for that reason is not counted.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product

import psycopg

from zdm.postgres.session.connection import Connection

TRIES = 40
TABLE = re.compile(
    r"\b(?:TABLE|ON|UPDATE|INTO|FROM|REFERENCES|VACUUM|FULL|REINDEX)\s+"
    r"(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?((?:\"[^\"]+\"|[\w.])+)",
    re.IGNORECASE,
)
REFERENCED = re.compile(
    r"REFERENCES\s+((?:\"[^\"]+\"|[\w.])+)\s*(?:\(([^)]*)\))?", re.IGNORECASE
)
COLUMN = re.compile(r'column "([^"]+)" of relation "([^"]+)" does not exist')
LOOSE = re.compile(
    r'column "?([^" ]+)"? (?:named in key |referenced in foreign key constraint )?'
    r"does not exist"
)
CONSTRAINT = re.compile(r'constraint "([^"]+)" of relation "([^"]+)" does not exist')
NAMED = re.compile(r'"([^"]+)"(?: for table "([^"]+)")? does not exist')
FUNCTION = re.compile(r"function ([\w.\"]+)\(([^)]*)\) does not exist")
DETACH = re.compile(
    r"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?([\w.]+)\s+DETACH\s+PARTITION\s+([\w.]+)",
    re.IGNORECASE,
)
CLUSTERED = re.compile(r"CLUSTER\s+(?:VERBOSE\s+)?([\w.]+)", re.IGNORECASE)
VACUUM = re.compile(
    r"\s*VACUUM\s*(?:\([^)]*\)|FULL|FREEZE|VERBOSE|ANALYZE|\s)*\s*([\w.]+)\s*;?\s*$",
    re.IGNORECASE,
)
INDEX = re.compile(r"^\s*(?:REINDEX|ALTER|DROP)\s+INDEX\b", re.IGNORECASE)
KEYS = 1000
COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
SEVERAL = re.compile(r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)
OF_TYPES = frozenset({"22P02", "42804", "42846", "42883"})
# what a column without a known type, and a key, may be of
TYPES = tuple(
    product(("text", "bigint", "timestamptz", "jsonb"), ("bigint", "uuid", "integer"))
)


def make(conn: Connection, statements: Sequence[str]) -> str:
    """The SQL that makes what is missing, with the types with which most statements run; the
    database is left as it was."""
    best, fewest = "", len(statements) + 1
    for types in TYPES:
        made, failed = _made(conn, statements, *types)
        if failed < fewest:
            best, fewest = made, failed
        if not failed or not made:
            break
    return best


def _made(
    conn: Connection, statements: Sequence[str], column: str, key: str
) -> tuple[str, int]:
    """What makes the missing, and how many statements still complain about types."""
    made = _partitions(statements)
    for _ in range(TRIES):
        problem, failed = _first(conn, made, statements)
        if problem is None:
            break
        wanted = [
            sql.replace("$column", column).replace("$key", key) for sql in _remedies(*problem)
        ]
        wanted = [sql for sql in wanted if sql not in made]
        if not wanted:
            break
        made.append(wanted[0])
    return "\n".join(made), failed


def _partitions(statements: Sequence[str]) -> list[str]:
    """DETACH names a table and its partition; no error distinguishes them."""
    found = [DETACH.match(sql) for sql in statements]
    return [
        line
        for detach in found
        if detach is not None
        for line in (
            f"CREATE TABLE {detach[1]} (id bigint PRIMARY KEY) PARTITION BY RANGE (id);",
            f"CREATE TABLE {detach[2]} PARTITION OF {detach[1]} DEFAULT;"
            if "CONCURRENTLY" not in detach[0].upper() + statements[0].upper()
            else f"CREATE TABLE {detach[2]} PARTITION OF {detach[1]}"
            " FOR VALUES FROM (MINVALUE) TO (MAXVALUE);",
        )
    ]


def _first(
    conn: Connection, made: Sequence[str], statements: Sequence[str]
) -> tuple[tuple[psycopg.Error, str] | None, int]:
    """The first complaint about something missing, with its statement, and how many statements
    complain about types."""
    conn.execute("BEGIN")
    failed = 0
    try:
        for sql in made:
            conn.execute("SAVEPOINT made")
            try:
                conn.execute(sql.encode())
            except psycopg.Error:
                conn.execute("ROLLBACK TO made")
        for sql in statements:
            if SEVERAL.match(COMMENTS.sub(" ", sql)):
                continue
            conn.execute("SAVEPOINT before")
            try:
                conn.execute(_inside(sql).encode())
            except psycopg.Error as error:
                if _remedies(error, sql) and not _tried(made, error, sql):
                    return (error, sql), failed
                failed += error.sqlstate in OF_TYPES
                conn.execute("ROLLBACK TO before")
    finally:
        conn.execute("ROLLBACK")
    return None, failed


def _tried(made: Sequence[str], error: psycopg.Error, sql: str) -> bool:
    """Whether all that would help is there already."""
    plain = {_typeless(one) for one in made}
    return all(_typeless(one) in plain for one in _remedies(error, sql))


def _typeless(sql: str) -> str:
    return re.sub(
        r"\$column|\$key|\b(?:text|bigint|timestamptz|jsonb|uuid|integer)\b", "?", sql
    )


def _inside(sql: str) -> str:
    """The statement as a transaction can run it, and with an error for what is missing."""
    sql = COMMENTS.sub(" ", sql)
    plain = re.sub(r"\(\s*CONCURRENTLY\s*\)|\bCONCURRENTLY\b", "", sql, flags=re.IGNORECASE)
    plain = re.sub(r"\bIF\s+EXISTS\b", "", plain, flags=re.IGNORECASE)
    vacuum = VACUUM.match(plain)
    return f"SELECT FROM {vacuum[1]} LIMIT 0" if vacuum is not None else plain


def _remedies(error: psycopg.Error, sql: str) -> list[str]:
    message = error.diag.message_primary or ""
    remedy = _REMEDIES.get(error.sqlstate or "")
    return list(remedy(message, sql)) if remedy is not None else []


def _tables(sql: str) -> list[str]:
    return [name for name in TABLE.findall(sql) if name.lower() not in ("concurrently", "set")]


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _type(column: str) -> str:
    return "$key" if column.lower().endswith("id") else "$column"


def _relation(message: str, sql: str) -> Iterator[str]:
    found = NAMED.search(message)
    if found is None:
        return
    name = _quoted(found[1])
    using = re.search(r"USING\s+INDEX", sql, re.IGNORECASE)
    if using is not None and message.startswith("index"):
        yield f"CREATE UNIQUE INDEX {name} ON {_tables(sql)[0]} (id);"
    elif INDEX.match(sql) or message.startswith("index"):
        yield "CREATE TABLE indexed (id bigint PRIMARY KEY, name text);"
        yield f'CREATE INDEX "{found[1].split(".")[-1]}" ON indexed (name);'
    elif message.startswith("materialized view") or "MATERIALIZED" in sql.upper():
        yield f"CREATE MATERIALIZED VIEW {name} AS SELECT generate_series(1, {KEYS}) AS id;"
    elif message.startswith("sequence"):
        yield f"CREATE SEQUENCE {name};"
    elif message.startswith("view") or re.match(r"\s*(ALTER|DROP)\s+VIEW", sql, re.IGNORECASE):
        yield f"CREATE VIEW {name} AS SELECT 1 AS id;"
    else:
        key = "NOT NULL" if "PRIMARY KEY" in sql.upper() else "PRIMARY KEY"
        yield f"CREATE TABLE {name} (id $key {key});"


def _column(message: str, sql: str) -> Iterator[str]:
    exact, loose = COLUMN.search(message), LOOSE.search(message)
    if exact is not None:
        wanted = next((t for t in _tables(sql) if t.strip('"').endswith(exact[2])), exact[2])
        table = wanted if '"' in wanted or "." in wanted else _quoted(wanted)
        null = "NOT NULL" if re.search(r"DROP\s+NOT\s+NULL", sql, re.IGNORECASE) else ""
        yield f'ALTER TABLE {table} ADD COLUMN "{exact[1]}" {_type(exact[1])} {null};'
    elif loose is not None:
        column = loose[1].split(".")[-1]
        for table in _tables(sql):
            if not re.match(r"\d", table):
                yield f'ALTER TABLE {table} ADD COLUMN "{column}" {_type(column)};'


def _object(message: str, sql: str) -> Iterator[str]:
    if message.startswith("there is no previously clustered index"):
        yield f"CREATE INDEX clustered ON {CLUSTERED.findall(sql)[0]} (id);"
        yield f"ALTER TABLE {CLUSTERED.findall(sql)[0]} CLUSTER ON clustered;"
        return
    constraint, named = CONSTRAINT.search(message), NAMED.search(message)
    if constraint is not None:
        table = _tables(sql)[0]
        proof = "NOT VALID" if "VALIDATE" in sql.upper() else ""
        kept_out = "CHECK (num_nulls(id) = 0 AND id::text <> '-1')"
        yield f'ALTER TABLE {table} ADD CONSTRAINT "{constraint[1]}" {kept_out} {proof};'
        yield f'ALTER TABLE {table} ADD CONSTRAINT "{constraint[1]}" CHECK (true) {proof};'
    elif message.startswith("type") and named is not None:
        kind = "DOMAIN" if "DOMAIN" in sql.upper() else "TYPE"
        yield f"CREATE {kind} {_quoted(named[1])} AS {'text' if kind == 'DOMAIN' else _ENUM};"
    elif message.startswith("role") and named is not None:
        yield f'CREATE ROLE "{named[1]}";'
    elif message.startswith("trigger") and named is not None and named[2] is not None:
        yield f"CREATE FUNCTION fired() {_FIRED}"
        yield (
            f'CREATE TRIGGER "{named[1]}" BEFORE UPDATE ON {_quoted(named[2])}'
            " FOR EACH ROW EXECUTE FUNCTION fired();"
        )
    else:
        yield from _relation(message, sql)


_FIRED = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
_ENUM = "ENUM ('a', 'b')"


def _schema(message: str, _sql: str) -> Iterator[str]:
    found = NAMED.search(message)
    if found is not None:
        yield f'CREATE SCHEMA "{found[1]}";'


def _function(message: str, sql: str) -> Iterator[str]:
    found = FUNCTION.search(message)
    if found is None:
        return
    if "uuid" in found[1]:
        kind, body = "uuid", "SELECT gen_random_uuid()"
    elif "TRIGGER" in sql.upper():
        yield f"CREATE FUNCTION {found[1]}() {_FIRED}"
        return
    else:
        kind, body = "integer", "SELECT 1 + (random() * 0)::integer"
    arguments = found[2].replace("unknown", "text")
    yield f"CREATE FUNCTION {found[1]}({arguments}) RETURNS {kind} LANGUAGE sql AS '{body}';"


def _key(_message: str, sql: str) -> Iterator[str]:
    found = REFERENCED.search(sql)
    if found is not None:
        yield f"CREATE UNIQUE INDEX ON {found[1]} ({found[2] or 'id'});"


_REMEDIES = {
    "42P01": _relation,
    "42703": _column,
    "42704": _object,
    "3F000": _schema,
    "42883": _function,
    "42830": _key,
}
