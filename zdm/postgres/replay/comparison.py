"""The rows that a plan leaves, compared with those that the plain migration leaves.

Where they differ, the plain migration runs twice more, the second time on rows that lie in
another order, with sequences that are further on, and with an UPDATE after it of the tables
that the plan fills in batches, which changes a column more, as the fill does: what differs
between the two is filled by the clock, at random, by a sequence, or by triggers that fire for
every UPDATE or for one that changes a row, and says nothing about the plan. Triggers that the
train makes do not fire for that UPDATE: whether they fire for a fill follows from the order of
the statements.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.schema import Name, Table
from zdm.model.sql import ident
from zdm.postgres.replay import contents, sample_rows
from zdm.postgres.replay.contents import Digest
from zdm.postgres.replay.step import finding
from zdm.postgres.server import shadow
from zdm.postgres.server.copies import Copies
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


class Compared(Struct, frozen=True, kw_only=True):
    """How much was compared; tables without rows do not count."""

    tables: int = 0
    rows: int = 0
    writes: int = 0  # of both versions, between the steps


NOTHING = Compared()
_MORE = "zdm_more"  # a column
_FURTHER = b"""
SELECT pg_catalog.setval(seqrelid::regclass, further::bigint) FROM (
  SELECT seqrelid, seqmin, seqmax, 1000::numeric * seqincrement
    + coalesce(pg_catalog.pg_sequence_last_value(seqrelid), seqstart) AS further
  FROM pg_catalog.pg_sequence
) AS zdm_s WHERE further BETWEEN seqmin AND seqmax
"""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a comparison found."""

    found: tuple[Finding, ...] = ()
    compared: Compared = NOTHING
    notes: tuple[str, ...] = ()


class ModelFailedError(Exception):
    """The plain migration, done again, fails; and why."""


@dataclass(slots=True, kw_only=True)
class Model:
    """The plain migration's result. `again` makes it in another copy of the template, or raises
    ModelFailedError."""

    copies: Copies  # of the template that it starts from
    start: Sequence[Table]  # whose rows can be laid in another order
    tables: Sequence[Table]
    written: Sequence[Table]  # in batches
    drawn: AbstractSet[tuple[Name, str]]  # columns of these, as `contents.drawn` finds them
    again: Callable[[str, Connection], None]
    late: Callable[[str, Connection], AbstractSet[Name]] | None = None  # see data_proof._Again
    during: str = ""  # what the plan's run had beside it, for messages
    digests: dict[Name, Digest] = field(default_factory=dict)

    def read(self, conn: Connection) -> None:
        """Take the hashes of the result."""
        self.digests = contents.digests(conn, self.tables)

    def compare(self, conn: Connection) -> Outcome:
        """The tables of a database where the plan has run."""
        plan = contents.digests(conn, self.tables)
        differ = [t for t in self.tables if plan[t.name] != self.digests[t.name]]
        filled = [one.rows for one in self.digests.values() if one.rows]
        compared = Compared(tables=len(filled), rows=sum(filled))
        if not differ:
            return Outcome(compared=compared)
        try:
            found, notes = self._differences(conn, differ)
        except ModelFailedError as error:
            names = ", ".join(str(table.name) for table in differ)
            why = f"because the migration itself, run again, fails: {error}"
            return Outcome(notes=(f"the rows of {names} were not compared, {why}",))
        return Outcome(found=tuple(found), compared=compared, notes=tuple(notes))

    def _differences(
        self, conn: Connection, differ: Sequence[Table]
    ) -> tuple[list[Finding], list[str]]:
        found: list[Finding] = []
        notes: list[str] = []
        with ExitStack() as stack:
            first, second = (self._made(stack, turned=turned) for turned in (False, True))
            lates = (self._late(stack), self._late(stack))
            for table in differ:
                one, two = (contents.rows(c, table) for c in (first, second))
                after = [contents.rows(c, table) for c in _connections(lates, table)]
                free = contents.undetermined(one, two)
                free |= {column for name, column in self.drawn if name == table.name}
                if len(after) == 2:  # a default at random, of which only these have values
                    free |= contents.undetermined(*after)
                if free:
                    notes.append(_not_compared(table, free))
                if len(free) == len(table.columns):
                    continue
                plan = contents.rows(conn, table).without(free)
                other = after[0].without(free) if after else None
                words = contents.difference(one.without(free), plan, other)
                if words is not None:
                    message = f"the rows of {table.name} differ{self.during}: {words}"
                    found.append(finding("rows_differ", message))
        return found, notes

    def _late(self, stack: ExitStack) -> tuple[Connection | None, AbstractSet[Name]]:
        if self.late is None:
            return None, frozenset()
        dsn = stack.enter_context(self.copies.one())
        conn = _connected(stack, dsn)
        return conn, self.late(dsn, conn)

    def _made(self, stack: ExitStack, *, turned: bool) -> Connection:
        dsn = stack.enter_context(self.copies.one())
        if turned:
            with shadow.without_triggers(self.copies.server, dsn) as quiet:
                for table in self.start:
                    _rewrite(quiet, table, "md5(ctid::text) < '8'")
                quiet.execute(_FURTHER)
        conn = _connected(stack, dsn)
        self.again(dsn, conn)
        for table in self.written if turned else ():
            with self._without_new_triggers(conn, table):
                _fill_one_more(conn, table)
        return conn

    @contextmanager
    def _without_new_triggers(self, conn: Connection, table: Table) -> Iterator[None]:
        """A table's triggers that were not there at the start do not fire."""
        before = {(t.name, t.definition) for one in self.start for t in one.triggers}
        new = [
            ident(one.name)
            for one in table.triggers
            if one.enabled != "D" and (one.name, one.definition) not in before
        ]
        for name in new:
            sql = f"ALTER TABLE {table.name.sql} DISABLE TRIGGER {name}"
            sample_rows.tried(conn, sql, keep=True)
        yield
        for name in new:
            sql = f"ALTER TABLE {table.name.sql} ENABLE TRIGGER {name}"
            sample_rows.tried(conn, sql, keep=True)


def _connections(
    lates: Sequence[tuple[Connection | None, AbstractSet[Name]]], table: Table
) -> Iterator[Connection]:
    """Where the late writes say something about the table."""
    for conn, silent in lates:
        if conn is not None and table.name not in silent:
            yield conn


def _connected(stack: ExitStack, dsn: str) -> Connection:
    return stack.enter_context(connection.connect(dsn, name="verify", pinned=False))


def _fill_one_more(conn: Connection, table: Table) -> None:
    """Fill a column more; where there can be none, write rows again as they are."""
    alter = f"ALTER TABLE {table.name.sql}"
    if sample_rows.tried(conn, f"{alter} ADD COLUMN {_MORE} boolean", keep=True) is not None:
        _rewrite(conn, table, "true")
        return
    if _rewrite(conn, table, "true", f"{_MORE} = true") is not None:
        _rewrite(conn, table, "true")
    sample_rows.tried(conn, f"{alter} DROP COLUMN {_MORE}", keep=True)


def _rewrite(
    conn: Connection, table: Table, condition: str, *more: str
) -> psycopg.Error | None:
    """Write rows again as they are, so that they lie behind the others; what fails."""
    column = next((c.name for c in table.columns if not c.generated), None)
    if column is None or table.kind == "foreign table":
        return None
    sets = ", ".join((f"{ident(column)} = {ident(column)}", *more))
    sql = f"UPDATE {table.name.sql} SET {sets} WHERE {condition}"  # noqa: S608  quoted
    return sample_rows.tried(conn, sql, keep=True)


def _not_compared(table: Table, columns: frozenset[str]) -> str:
    why = "because two runs of the migration itself fill them differently"
    if len(columns) == len(table.columns):
        return f"the rows of {table.name} were not compared, {why}"
    names = ", ".join(f"{table.name}.{column}" for column in sorted(columns))
    return f"not compared, {why}: {names}"
