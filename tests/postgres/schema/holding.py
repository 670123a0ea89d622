"""Runs statements on a server, and holds schema.apply against it after each of them."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.conftest import fresh_database
from tests.postgres.schema import held
from tests.postgres.schema.held import Facts, Tally
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Statement, Train
from zdm.parse import split
from zdm.planning import classify
from zdm.postgres.catalog import read as catalog
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.schema import apply

FOLDER = Path(__file__).parent
# Why a server may refuse a statement of which a Snapshot does not show it: rows (22, 23), types
# that do not fit, operators and functions that are not there or not IMMUTABLE.
_NOT_SHOWN = re.compile(r"22...|23...|42804|42846|42883|42704|42P13|42P17")


@contextmanager
def holding(server: Server) -> Iterator[Connection]:
    """A database that can be held against."""
    with fresh_database(server) as url, reading(url) as conn:
        yield conn


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection with the functions of held.sql."""
    with connection.connect(url, name="tests") as conn:
        conn.execute(held.READER.encode())
        yield conn


def trains(major: int) -> tuple[bytes, ...]:
    """Those of trains.sql that are for this version."""
    parts = re.split(r"^-- train(?: (\d+))?$", (FOLDER / "trains.sql").read_text(), flags=re.M)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return tuple(sql.encode() for least, sql in pairs if int(least or 0) <= major)


def statements(*texts: bytes) -> tuple[Statement, ...]:
    """The statements of each text, which has a session of its own; each is a transaction."""
    found = (s for text in texts for s in split.statements(text, "statements.sql"))
    return tuple(s for s in found if s.sql.upper() not in ("BEGIN", "COMMIT"))


def clean(conn: Connection) -> None:
    """Empty the database."""
    conn.execute("RESET ALL")
    conn.execute("CALL zdm.clean()")


def train(conn: Connection, start: Snapshot, said: Iterable[Statement], *, anew: bool) -> Tally:
    """Each statement on what the ones before it left: as apply says, or `anew` from the
    catalog, as it is after what apply does not know."""
    tally, snapshot, before = Tally(), start, held.on_server(conn)
    for statement in said:
        refusal = _run(conn, statement.sql)
        actions = _actions(statement, snapshot)
        if refusal is not None and _unjudged(refusal, actions):
            tally.unjudged += 1
            continue
        snapshot = _after(snapshot, actions)
        after = held.on_server(conn)
        one = held.compare(snapshot, before, after, _named(statement, refusal))
        one.refused = int(refusal is not None)
        tally.add(one)
        before = after
        if anew or one.opaque or one.differences:
            snapshot = catalog.read(conn)
    return tally


def alone(conn: Connection, snapshot: Snapshot, before: Facts, sql: str) -> Tally:
    """One statement on a schema that stays as it is."""
    (statement,) = split.statements(sql.encode(), "statements.sql")
    with conn.transaction(force_rollback=True):
        refusal = _run(conn, sql)
        after = held.on_server(conn) if refusal is None else before
    actions = _actions(statement, snapshot)
    if refusal is not None and _unjudged(refusal, actions):
        return Tally(unjudged=1)
    tally = held.compare(_after(snapshot, actions), before, after, _named(statement, refusal))
    tally.refused = int(refusal is not None)
    return tally


def _run(conn: Connection, sql: str) -> psycopg.Error | None:
    try:
        conn.execute(sql.encode())
    except psycopg.Error as error:
        return error
    return None


def _actions(statement: Statement, snapshot: Snapshot) -> tuple[Action, ...]:
    return classify.actions(Train(statements=(statement,), files=()), snapshot)


def _after(snapshot: Snapshot, actions: tuple[Action, ...]) -> Snapshot:
    for action in actions:
        snapshot = apply.apply(snapshot, action)
    return snapshot


def _unjudged(refusal: psycopg.Error, actions: tuple[Action, ...]) -> bool:
    """Apply is asked for each sub-command, and the server refuses all of them together."""
    return bool(_NOT_SHOWN.fullmatch(refusal.sqlstate or "")) or len(actions) > 1


def _named(statement: Statement, refusal: psycopg.Error | None) -> str:
    return statement.sql if refusal is None else f"{statement.sql}\n    refused: {refusal}"
