"""A few rows for a shadow database, and statements as an application would send them.

On empty tables no trigger runs and no expression is evaluated, so a wrong one would pass.
A table whose constraints the samples do not meet stays empty; nothing is concluded from it.
Rows are put in on a session whose session_replication_role is replica: without foreign keys
and triggers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.postgres.session.connection import Connection

ROWS = 3
_STYLES = ("{n}", "user{n}@example.org", "00{n}")  # of texts; a check may want one of them
_BY_TYPE: Mapping[str, str] = {
    "boolean": "true",
    "uuid": "00000000-0000-4000-8000-00000000000{n}",
    "date": "2020-01-0{n}",
    "timestamp": "2020-01-0{n} 12:00:00",
    "time": "12:00:0{n}",
    "interval": "{n} days",
    "json": '{{"a": {n}}}',
    "jsonb": '{{"a": {n}}}',
    "bytea": "\\x0{n}",
    "inet": "10.0.0.{n}",
    "cidr": "10.0.{n}.0/24",
    "macaddr": "08:00:2b:01:02:0{n}",
    "point": "({n},{n})",
    "xml": "<a>{n}</a>",
    "tsvector": "word{n}",
    "hstore": "a=>{n}",
}
_TEXTS = ("text", "character varying", "citext")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A statement of an application that works on the schema it was made for."""

    table: Name
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfilled:
    """A table that no sample row fits, and what the server said of the last one."""

    table: Name
    reason: str


def value(kind: str, n: int, style: str, labels: Mapping[str, Sequence[str]]) -> str:
    """A text that the type reads as its n-th sample."""
    if kind.endswith("[]"):
        return "{}"
    if kind.replace('"', "") in labels:
        found = labels[kind.replace('"', "")]
        return found[n % len(found)]
    bare = re.sub(r"\(.*?\)", "", kind)
    if bare in _TEXTS:
        return style.format(n=n)
    bare = bare.removesuffix(" with time zone").removesuffix(" without time zone")
    pattern = _BY_TYPE.get(bare.rpartition(".")[2], "{n}")
    return pattern.format(n=n)


def _labels(snapshot: Snapshot) -> dict[str, Sequence[str]]:
    return {
        f"{found.name.schema}.{found.name.name}": found.labels
        for found in snapshot.types
        if found.kind == "enum" and found.labels
    }


def _insert(table: Table, values: Mapping[str, str]) -> str:
    columns = ", ".join(ident(name) for name in values)
    texts = ", ".join(literal(text) for text in values.values())
    into = f"{table.name.sql} ({columns})"
    return f"INSERT INTO {into} OVERRIDING SYSTEM VALUE VALUES ({texts})"  # noqa: S608  quoted


def _writable(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if not column.generated)


def _values(table: Table, n: int, style: str, snapshot: Snapshot) -> dict[str, str]:
    labels = _labels(snapshot)
    return {column.name: value(column.type, n, style, labels) for column in _writable(table)}


def _refers(table: Table, column: str) -> bool:
    return any(c.kind == "foreign key" and column in c.columns for c in table.constraints)


def tables(snapshot: Snapshot, names: Sequence[Name]) -> tuple[Table, ...]:
    """The named tables and those they refer to, parents first."""
    found: dict[Name, Table] = {}

    def add(name: Name) -> None:
        table = snapshot.table(name)
        if table is None or name in found or table.kind == "foreign table":
            return
        found[name] = table
        for constraint in table.constraints:
            if constraint.references is not None:
                add(constraint.references)

    for name in names:
        add(name)
    return tuple(reversed(found.values()))


def fill(conn: Connection, snapshot: Snapshot, wanted: Sequence[Table]) -> tuple[Unfilled, ...]:
    """Put sample rows into the tables, on a session without triggers; those that stay empty,
    each with the reason."""
    reasons = ((table, _filled(conn, snapshot, table)) for table in wanted)
    return tuple(Unfilled(table=table.name, reason=why) for table, why in reasons if why)


def _filled(conn: Connection, snapshot: Snapshot, table: Table) -> str:
    """Try one style of texts after the other; why none of them fits, else nothing."""
    reason = ""
    for style in _STYLES:
        samples = (_values(table, n, style, snapshot) for n in range(1, ROWS + 1))
        try:
            _insert_all(conn, [_insert(table, values) for values in samples if values])
        except psycopg.Error as error:
            reason = f"no sample row fits: {error.diag.message_primary or error}"
        else:
            return ""
    return reason


def _insert_all(conn: Connection, statements: Sequence[str]) -> None:
    with conn.transaction():
        for statement in statements:
            conn.execute(statement.encode())


def writes(conn: Connection, snapshot: Snapshot, wanted: Sequence[Table]) -> tuple[Write, ...]:
    """Inserts and updates of the schema's own columns that work on it as it is now."""
    return tuple(
        write
        for table in wanted
        for write in _candidates(table, snapshot)
        if failure(conn, write) is None
    )


def _candidates(table: Table, snapshot: Snapshot) -> Iterator[Write]:
    free = [c for c in _writable(table) if c.identity != "always"]
    if free:
        pairs = ", ".join(f"{ident(c.name)} = {ident(c.name)}" for c in free)
        sql = f"UPDATE {table.name.sql} SET {pairs}"  # noqa: S608  quoted
        yield Write(table=table.name, sql=sql)
    for style in _STYLES:
        values = {
            name: value(column.type, 1, style, _labels(snapshot))
            if (column := table.column(name)) and _refers(table, name)
            else text
            for name, text in _values(table, ROWS + 1, style, snapshot).items()
        }
        if values:
            yield Write(table=table.name, sql=_insert(table, values))


def failure(conn: Connection, write: Write) -> str | None:
    """Try a write and roll it back; the server's message if it failed."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(write.sql.encode())
            conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None
