"""Makes what a migration names and nothing has made, from the server's own complaints.

squawk's test statements come without the tables that they change. What cannot be made is said,
and the statement is not counted.
"""

import re
from collections.abc import Iterator, Sequence

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
LOOSE = re.compile(r'column "?([^" ]+)"? (?:named in key |referenced in foreign key constraint )?'
                   r"does not exist")
CONSTRAINT = re.compile(r'constraint "([^"]+)" of relation "([^"]+)" does not exist')
NAMED = re.compile(r'"([^"]+)"(?: for table "([^"]+)")? does not exist')
FUNCTION = re.compile(r"function ([\w.\"]+)\(([^)]*)\) does not exist")
INDEX = re.compile(r"^\s*(?:REINDEX|ALTER|DROP)\s+INDEX\b", re.IGNORECASE)
KEYS = 1000


def make(conn: Connection, before: str, statements: Sequence[str]) -> str:
    """The SQL that makes what is missing; the database is left as it was."""
    made: list[str] = []
    for _ in range(TRIES):
        problem = _first(conn, [before, *made], statements)
        if problem is None:
            return "\n".join(made)
        wanted = [sql for sql in _remedies(*problem) if sql not in made]
        if not wanted:
            return "\n".join(made)
        made.append(wanted[0])
    return "\n".join(made)


def _first(
    conn: Connection, made: Sequence[str], statements: Sequence[str]
) -> tuple[psycopg.Error, str] | None:
    """The first complaint about something missing, and the statement."""
    conn.execute("BEGIN")
    try:
        for sql in made:
            if sql.strip():
                conn.execute(sql.encode())
        for sql in statements:
            if re.match(r"\s*(BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b", sql, re.IGNORECASE):
                continue
            conn.execute("SAVEPOINT before")
            try:
                conn.execute(_inside(sql).encode())
            except psycopg.Error as error:
                if _remedies(error, sql):
                    return error, sql
                conn.execute("ROLLBACK TO before")
    except psycopg.Error:
        return None
    finally:
        conn.execute("ROLLBACK")
    return None


def _inside(sql: str) -> str:
    """The statement as a transaction can run it."""
    return re.sub(r"\bCONCURRENTLY\b", "", sql, flags=re.IGNORECASE)


def _remedies(error: psycopg.Error, sql: str) -> list[str]:
    message = error.diag.message_primary or ""
    return list(_REMEDIES.get(error.sqlstate or "", _none)(message, sql))


def _none(message: str, sql: str) -> Iterator[str]:
    yield from ()


def _tables(sql: str) -> list[str]:
    return [name for name in TABLE.findall(sql) if name.lower() not in ("concurrently", "set")]


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _type(column: str) -> str:
    return "bigint" if column.lower().endswith("id") else "text"


def _relation(message: str, sql: str) -> Iterator[str]:
    found = NAMED.search(message)
    if found is None:
        return
    name = _quoted(found[1])
    if INDEX.match(sql) or message.startswith("index"):
        yield "CREATE TABLE indexed (id bigint PRIMARY KEY, name text);"
        yield f'CREATE INDEX "{found[1].split(".")[-1]}" ON indexed (name);'
    elif message.startswith("materialized view") or "MATERIALIZED" in sql.upper():
        yield f"CREATE MATERIALIZED VIEW {name} AS SELECT generate_series(1, {KEYS}) AS id;"
    elif message.startswith("sequence"):
        yield f"CREATE SEQUENCE {name};"
    elif message.startswith("view") or re.match(r"\s*(ALTER|DROP)\s+VIEW", sql, re.IGNORECASE):
        yield f"CREATE VIEW {name} AS SELECT 1 AS id;"
    else:
        yield f"CREATE TABLE {name} (id bigint PRIMARY KEY);"


def _column(message: str, sql: str) -> Iterator[str]:
    exact, loose = COLUMN.search(message), LOOSE.search(message)
    if exact is not None:
        wanted = next((t for t in _tables(sql) if t.strip('"').endswith(exact[2])), exact[2])
        table = wanted if '"' in wanted or "." in wanted else _quoted(wanted)
        yield f'ALTER TABLE {table} ADD COLUMN "{exact[1]}" {_type(exact[1])};'
    elif loose is not None:
        column = loose[1].split(".")[-1]
        for table in _tables(sql):
            if not re.match(r"\d", table):
                yield f'ALTER TABLE {table} ADD COLUMN "{column}" {_type(column)};'


def _object(message: str, sql: str) -> Iterator[str]:
    constraint, named = CONSTRAINT.search(message), NAMED.search(message)
    if constraint is not None:
        table = _tables(sql)[0]
        proof = "NOT VALID" if "VALIDATE" in sql.upper() else ""
        yield f'ALTER TABLE {table} ADD CONSTRAINT "{constraint[1]}" CHECK (true) {proof};'
    elif message.startswith("type") and named is not None:
        kind = "DOMAIN" if "DOMAIN" in sql.upper() else "TYPE"
        yield f"CREATE {kind} {_quoted(named[1])} AS {'text' if kind == 'DOMAIN' else _ENUM};"
    elif message.startswith("role") and named is not None:
        yield f'CREATE ROLE "{named[1]}";'
    elif message.startswith("trigger") and named is not None and named[2] is not None:
        yield "CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        yield (
            f'CREATE TRIGGER "{named[1]}" BEFORE UPDATE ON {_quoted(named[2])}'
            " FOR EACH ROW EXECUTE FUNCTION fired();"
        )
    else:
        yield from _relation(message, sql)


_ENUM = "ENUM ('a', 'b')"


def _schema(message: str, sql: str) -> Iterator[str]:
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
        yield (
            f"CREATE FUNCTION {found[1]}() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END';"
        )
        return
    else:
        kind, body = "integer", "SELECT 1 + (random() * 0)::integer"
    arguments = found[2].replace("unknown", "text")
    yield f"CREATE FUNCTION {found[1]}({arguments}) RETURNS {kind} LANGUAGE sql AS '{body}';"


def _key(message: str, sql: str) -> Iterator[str]:
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
