"""A few rows for a shadow database, and statements as an application would send them.

On empty tables no trigger runs and no expression is evaluated, so a wrong one would pass.
A row that a constraint refuses is tried again with other values of that constraint's columns; a
table that no row fits stays empty, with the reason, and nothing is concluded from it.
Rows are put in on a session whose session_replication_role is replica: without foreign keys
and triggers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import psycopg
from msgspec import Struct

from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.parse import names
from zdm.postgres.replay.sample_values import STYLES, Types, Value
from zdm.postgres.session import one_message
from zdm.postgres.session.connection import Connection
from zdm.schema import family

ROWS = 3
LOW, HIGH = 0, 7000  # the number before that of the first sample
_TRIES = 250  # of a row
_CHECK_ALL = "SET CONSTRAINTS ALL IMMEDIATE"
_NEXT = 900  # the number of a row that an application inserts
_KNOWN = 40  # rows of a table that others may refer to
_ORPHANS = "it refers to tables without rows"
_AFTER = 1000  # where the sequences of tables with sample rows continue
Row = dict[str, Value]
Candidates = dict[str, Sequence[Value]]


class Write(Struct, frozen=True, kw_only=True):
    """A statement of an application that works on the schema it was made for."""

    table: Name
    sql: str
    columns: tuple[str, ...] = ()  # that it sets


class Unfilled(Struct, frozen=True, kw_only=True):
    """A table that no sample row fits, and what the server said of the last one."""

    table: Name
    reason: str


@dataclass(slots=True, kw_only=True)
class Samples:
    """Sample rows of one database. `first`: see LOW and HIGH; `rows`: some that are there."""

    snapshot: Snapshot
    first: int = LOW
    rows: dict[Name, list[Row]] = field(default_factory=dict)
    unfilled: list[Unfilled] = field(default_factory=list)

    def fill(self, conn: Connection, wanted: Sequence[Table]) -> None:
        """Put rows into the empty ones of the tables, parents first, on a session without
        triggers."""
        types = Types(conn)
        for table in wanted:
            self.load(conn, table)
            if table.name in self.rows:
                continue
            reason = ""
            for n in range(1, ROWS + 1):
                reason = self._put(conn, table, self.candidates(types, table, n))
                if reason:
                    break
            if reason and table.name not in self.rows:
                reason = f"no sample row fits: {reason}"
                self.unfilled.append(Unfilled(table=table.name, reason=reason))
            _advance(conn, self.snapshot, table)

    def examine(self, conn: Connection, wanted: Sequence[Table]) -> None:
        """Load the rows that are there, and say why the other tables have none."""
        types = Types(conn)
        for table in wanted:
            self.load(conn, table)
            candidates = {} if table.name in self.rows else self.candidates(types, table, 1)
            if candidates:
                found = self.fitting(conn, table, keep=False).row(candidates)
                why = f"no sample row fits: {found}" if isinstance(found, str) else _ORPHANS
                self.unfilled.append(Unfilled(table=table.name, reason=why))

    def load(self, conn: Connection, table: Table) -> None:
        """Remember some of the rows that are there, if their owner can read them."""
        columns = [c.name for c in table.columns if not c.generated]
        if not columns or table.row_security == "forced":
            return
        texts = ", ".join(f"{ident(name)}::text" for name in columns)
        sql = f"SELECT {texts} FROM {table.name.sql} LIMIT {_KNOWN}"  # noqa: S608  quoted
        found = [dict(zip(columns, row, strict=True)) for row in conn.execute(sql.encode())]
        if found:
            self.rows[table.name] = found

    def put(self, conn: Connection, table: Table, given: Mapping[str, str]) -> str:
        """Put in one row with the values given; why that cannot be done, else nothing."""
        candidates = self.candidates(Types(conn), table, 1)
        return self._put(conn, table, {**candidates, **{c: (v,) for c, v in given.items()}})

    def writes(self, conn: Connection, wanted: Sequence[Table]) -> tuple[Write, ...]:
        """Inserts and updates of the schema's own columns that work on it as it is now."""
        return tuple(write for table in wanted for write in self._writes(conn, table))

    def _writes(self, conn: Connection, table: Table) -> Iterator[Write]:
        update = _update(table)
        if update is not None and failure(conn, update) is None:
            yield update
        candidates = self.candidates(Types(conn), table, _NEXT)
        if not candidates:
            return
        found = [
            write
            for row in _in_each_style(candidates)
            if failure(conn, write := _as_write(table, row)) is None
        ]
        if not found:
            row = self.fitting(conn, table, keep=False).row(candidates)
            found = [] if isinstance(row, str) else [_as_write(table, row)]
        yield from dict.fromkeys(found)

    def _put(self, conn: Connection, table: Table, candidates: Candidates) -> str:
        if not candidates:
            return ""
        found = self.fitting(conn, table, keep=True).row(candidates)
        if isinstance(found, str):
            return found
        self.rows.setdefault(table.name, []).append(found)
        return ""

    def fitting(self, conn: Connection, table: Table, *, keep: bool) -> "_Fitting":
        """What finds a row that the table takes."""
        return _Fitting(conn=conn, snapshot=self.snapshot, table=table, keep=keep)

    def candidates(self, types: Types, table: Table, n: int) -> Candidates:
        """Values to try for each column, the plainest first."""
        found: Candidates = {}
        for column in table.columns:
            if column.generated:
                continue
            hints = _hints(self.snapshot, table, column)
            values = types.candidates(column.type, self.first + n, hints)
            found[column.name] = values if column.not_null else (*values, None)
        for constraint in table.constraints:
            parents = self.rows.get(constraint.references) if constraint.references else None
            if parents:
                row = parents[(n - 1) % len(parents)]
                pairs = zip(constraint.columns, constraint.referenced_columns, strict=True)
                found |= {c: (row[r],) for c, r in pairs if c in found and r in row}
        return found


def tables(snapshot: Snapshot, wanted: Sequence[Name]) -> tuple[Table, ...]:
    """The named tables and those they refer to, parents first."""
    found: dict[Name, Table] = {}

    def add(name: Name) -> None:
        table = snapshot.table(name)
        if table is None or name in found or table.kind == "foreign table":
            return
        found[name] = table
        for child in family.children(snapshot, name):
            add(child.name)
        for constraint in table.constraints:
            if constraint.references is not None:
                add(constraint.references)

    for name in wanted:
        add(name)
    return tuple(reversed(found.values()))


def _hints(snapshot: Snapshot, table: Table, column: Column) -> tuple[str, ...]:
    """Definitions of what the column's values must meet."""
    checks = (c.definition for c in table.constraints if c.kind == "check")
    found = [text for text in checks if column.name in text]
    if column.name in _placing(snapshot, table):
        below = family.partitions(snapshot, table.name)
        bounds = (one.partition_bound for one in (table, *below))
        found += [bound for bound in bounds if bound is not None]
    return tuple(found)


def _in_each_style(candidates: Candidates) -> Iterator[Row]:
    """The first candidates; of texts, each of the styles."""
    for place in range(len(STYLES)):
        yield {
            name: values[place if _is_styled(values) else 0]
            for name, values in candidates.items()
        }


def _is_styled(values: Sequence[Value]) -> bool:
    return len(values) > len(STYLES) and "@" in (values[1] or "")


class _Fitting(Struct, frozen=True, kw_only=True):
    """One row for a table, which is kept or only tried."""

    conn: Connection
    snapshot: Snapshot
    table: Table
    keep: bool

    def row(self, candidates: Candidates) -> Row | str:
        """A row that the table takes, or what the server said of the last one. What a
        constraint refuses is tried with the next values of that constraint's columns."""
        wheels: dict[tuple[str, ...], Iterator[tuple[Value, ...]]] = {}
        row = _first(candidates)
        read, message = False, ""
        for _ in range(_TRIES):
            error = tried(self.conn, insert(self.table, row), keep=self.keep)
            if error is None:
                return row
            message = error.diag.message_primary or str(error)
            blamed = tuple(c for c in self._blamed(error) if c in candidates)
            if blamed:
                wheel = wheels.setdefault(blamed, product(*(candidates[c] for c in blamed)))
                values = next(wheel, None)
                if values is None:
                    break
                row |= dict(zip(blamed, values, strict=True))
            elif read:
                break
            else:
                read = True
                candidates = self._readable(candidates)
                row = _first(candidates)
                wheels.clear()
        return message

    def _blamed(self, error: psycopg.Error) -> tuple[str, ...]:
        """The columns of the constraint that refused the row."""
        table, name, kind = self.table, error.diag.constraint_name, error.diag.datatype_name
        if error.sqlstate == "23502" and error.diag.column_name:
            return (error.diag.column_name,)
        if kind:  # a domain's constraint
            return tuple(c.name for c in table.columns if _type_name(c) == kind)
        if not name and error.sqlstate == "23514":
            return _placing(self.snapshot, table)
        constraint = table.constraint(name) if name else None
        if constraint is not None:
            return constraint.columns
        return next((index.columns for index in table.indexes if index.name == name), ())

    def _readable(self, candidates: Candidates) -> Candidates:
        """Those that their types read; a column for which none is left gets its default."""
        found: Candidates = {}
        for name, values in candidates.items():
            column = self.table.require_column(name)
            kept = [v for v in values if v is None or self._reads(column, v)]
            if kept or column.default is None:
                found[name] = kept or values
        return found

    def _reads(self, column: Column, value: str) -> bool:
        cast = f"SELECT CAST({literal(value)} AS {column.type})"
        return tried(self.conn, cast, keep=False) is None


def _first(candidates: Candidates) -> Row:
    return {name: values[0] for name, values in candidates.items()}


def _type_name(column: Column) -> str:
    return names.qualified(column.type.partition("(")[0].removesuffix("[]")).name


def _placing(snapshot: Snapshot, table: Table) -> tuple[str, ...]:
    """The columns by which rows come to the table or to its partitions."""
    found = family.partition_columns(table)
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    return (*found, *(family.partition_columns(above) if above is not None else ()))


def _advance(conn: Connection, snapshot: Snapshot, table: Table) -> None:
    """Move the table's sequences past its rows, as those of a table in use are."""
    for sequence in snapshot.sequences:
        if sequence.owner_table == table.name and sequence.maximum > _AFTER > sequence.minimum:
            name = literal(sequence.name.sql)
            tried(conn, f"SELECT pg_catalog.setval({name}, {_AFTER})", keep=True)


def insert(table: Table, values: Row) -> str:
    """An INSERT of one row, key and all."""
    columns = ", ".join(ident(name) for name in values)
    texts = ", ".join("NULL" if v is None else literal(v) for v in values.values())
    into = f"{table.name.sql} ({columns})"
    return f"INSERT INTO {into} OVERRIDING SYSTEM VALUE VALUES ({texts})"  # noqa: S608  quoted


def _as_write(table: Table, row: Row) -> Write:
    return Write(table=table.name, sql=insert(table, row))


def _update(table: Table) -> Write | None:
    free = [c for c in table.columns if not c.generated and c.identity != "always"]
    if not free:
        return None
    pairs = ", ".join(f"{ident(c.name)} = {ident(c.name)}" for c in free)
    sql = f"UPDATE {table.name.sql} SET {pairs}"  # noqa: S608  quoted
    return Write(table=table.name, sql=sql)


def failure(conn: Connection, write: Write) -> str | None:
    """Try a write and roll it back; the server's message if it failed."""
    error = tried(conn, write.sql, keep=False)
    return None if error is None else said(error)


def said(error: psycopg.Error) -> str:
    """The server's message."""
    return error.diag.message_primary or str(error)


def work(conn: Connection, writes: Sequence[Write]) -> bool:
    """Whether all writes work, each without the others: in one round trip, and undone. A False
    says nothing about any of them."""
    undone = ("ROLLBACK TO zdm_write", "RELEASE zdm_write")
    statements = [
        part
        for write in writes
        for part in ("SAVEPOINT zdm_write", write.sql, _CHECK_ALL, *undone)
    ]
    try:
        one_message.send(conn, statements, keep=False)
    except psycopg.Error:
        return False
    return True


def tried(conn: Connection, sql: str, *, keep: bool) -> psycopg.Error | None:
    """Run a statement and keep or undo what it did; its error, if it failed."""
    try:
        one_message.send(conn, [sql, _CHECK_ALL], keep=keep)
    except psycopg.Error as error:
        return error
    return None


def tried_together(conn: Connection, statements: Sequence[str]) -> None:
    """Run those that the server takes, in one round trip."""
    if not statements:
        return
    array = ", ".join(map(literal, statements))
    body = (
        f"DECLARE zdm_one text; BEGIN FOREACH zdm_one IN ARRAY ARRAY[{array}]::text[] LOOP"
        " BEGIN EXECUTE zdm_one; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END"
    )
    conn.execute(f"DO LANGUAGE plpgsql {literal(body)}".encode())
