"""Rows that the author's statements refer to and only production has.

A shadow starts without rows, so an INSERT whose foreign keys point at a table in use fails
there. The row that it misses is made, as a sample row with that key, and the transaction is
run again. Where none can be made, the INSERT is left out, and a note reports it: it changes
no schema.
"""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
from msgspec import Struct

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import ActionKind, Fact, Statement
from zdm.parse import facts
from zdm.postgres.catalog import read
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.sample_rows import Samples
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session.connection import Connection

_MOST = 200  # times that a transaction is run again
_MISSING, _RAISED = "23503", "P0001"  # a foreign key; RAISE, by a trigger of the author's
_KEY = re.compile(r"\(.*?\)=\((.*)\)", re.DOTALL)  # in the detail of any language
_PARENT = """
SELECT n.nspname, r.relname,
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (num, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.num
        ORDER BY u.place)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
WHERE k.conrelid = pg_catalog.to_regclass(%s) AND k.conname = %s AND k.contype = 'f'
"""


class Lent(Struct, frozen=True, kw_only=True):
    """A row by its key."""

    table: Name
    key: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.table} ({', '.join(f'{c} = {v}' for c, v in self.key)})"


class StatementFailedError(Exception):
    """A statement of the author's failed; `parent`: the row that it misses, if that is why."""

    def __init__(self, statement: Statement, error: psycopg.Error, parent: Lent | None) -> None:
        super().__init__(str(error))
        self.statement = statement
        self.error = error
        self.parent = parent


@dataclass(slots=True, kw_only=True)
class Lender:
    """Runs the author's statements; what it lent, and which INSERTs it left out."""

    server: Server
    dsn: str
    start: Snapshot
    lent: list[Lent] = field(default_factory=list)
    untried: dict[str, str] = field(default_factory=dict)  # SQL, and why

    def run(self, conn: Connection, group: Sequence[Statement]) -> None:
        """Run a transaction; raises StatementFailedError."""
        looking = False
        for _ in range(_MOST):
            try:
                self._once(conn, group, looking=looking)
            except StatementFailedError as failed:
                if not looking and failed.error.sqlstate in (_MISSING, _RAISED):
                    looking = True
                elif not self._helps(failed):
                    raise
            else:
                return

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made up, and what was not tried."""
        made = (
            "the migration refers to rows that only production has; for the verification these"
            f" were made, and their tables were not compared: {', '.join(map(str, self.lent))}"
        )
        return (*((made,) if self.lent else ()), *self.untried.values())

    def _once(self, conn: Connection, group: Sequence[Statement], *, looking: bool) -> None:
        """`looking`: each statement under a savepoint, so that the catalog can be asked after
        an error, with constraints that are not deferred."""
        together = group[0].transaction is not None
        left = [statement for statement in group if statement.sql not in self.untried]
        try:
            with ExitStack() as stack:
                if together:
                    stack.enter_context(conn.transaction())
                for statement in left:
                    _execute(conn, statement, savepoint=together and looking)
                if together and looking and left:
                    _execute(conn, left[-1], "SET CONSTRAINTS ALL IMMEDIATE", savepoint=True)
        except psycopg.Error as error:  # of COMMIT
            raise StatementFailedError(group[-1], error, None) from error

    def _helps(self, failed: StatementFailedError) -> bool:
        """Whether it may be run again: with another row, or without the INSERT."""
        parent, why = failed.parent, ""
        if failed.error.sqlstate == _RAISED:
            why = f"without production's rows, it fails: {replay_step.message(failed.error)}"
        elif parent is not None and self.start.table(parent.table) is not None:
            reason = "it is there" if parent in self.lent else self._lend(parent)
            if not reason:
                self.lent.append(parent)
                return True
            why = f"it refers to a row that only production has, {parent}, and zdm cannot make"
            why = f"{why} such a row: {reason}"
        if not why or not _is_insert(failed.statement):
            return False
        place = failed.statement.source
        self.untried[failed.statement.sql] = f"{place}: this INSERT was not tried: {why}"
        return True

    def _lend(self, parent: Lent) -> str:
        """Make the row in the schema as it is now; why that cannot be done, else nothing."""
        with shadow.without_triggers(self.server, self.dsn) as quiet:
            now = read.read(quiet)
            table = now.table(parent.table)
            if table is None:
                return "the table is gone"
            return Samples(snapshot=now).put(quiet, table, dict(parent.key))


def _execute(conn: Connection, statement: Statement, sql: str = "", *, savepoint: bool) -> None:
    local = statement.transaction is not None
    try:
        with ExitStack() as stack:
            if savepoint:
                stack.enter_context(conn.transaction())
            replay_step.apply_settings(conn, statement.settings, local=local)
            conn.execute((sql or statement.sql).encode())
    except psycopg.Error as error:
        usable = savepoint or not local
        parent = _parent(conn, error) if usable else None
        raise StatementFailedError(statement, error, parent) from error


def _parent(conn: Connection, error: psycopg.Error) -> Lent | None:
    """The row that a foreign key misses."""
    said = error.diag
    key = _KEY.search(said.message_detail or "")
    if error.sqlstate != _MISSING or key is None or said.schema_name is None:
        return None
    child = Name(said.schema_name, said.table_name or "").sql
    row = conn.execute(_PARENT, [child, said.constraint_name]).fetchone()
    if row is None:
        return None
    schema, table, columns = row
    values = key[1].split(", ") if len(columns) > 1 else [key[1]]
    if len(values) != len(columns):
        return None
    return Lent(table=Name(schema, table), key=tuple(zip(columns, values, strict=True)))


def _is_insert(statement: Statement) -> bool:
    """Names do not matter here, so any search_path will do."""
    (action, *others) = facts.actions(statement, ("public",))
    fact = action.fact
    return not others and isinstance(fact, Fact) and fact.kind is ActionKind.INSERT
