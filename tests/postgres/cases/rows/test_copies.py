"""A backfill that copies rows of one table into another, on a real server."""

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests import waiting
from tests.postgres.backfill.fills import ROWS, begun, fill, fill_request, step, table
from zdm.errors import StoppedError
from zdm.model.plan import Backfill, Copy
from zdm.model.schema import Name
from zdm.postgres.backfill import engine
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

COPIED = Copy(
    table=Name("public", "d"),
    columns=("id", "old"),
    sql="INSERT INTO d (id, old) SELECT id, upper(old) FROM zdm_rows AS t"
    " ON CONFLICT (id) DO NOTHING",
)
MISSING = "NOT EXISTS (SELECT FROM d WHERE d.id = t.id)"


def copying(key: tuple[str, ...] = ("id",)) -> Backfill:
    return replace(step(key), assignments=(), copy=COPIED, differs=MISSING)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        conn.execute("CREATE TABLE d (id int PRIMARY KEY, old text, at timestamptz)")
        yield conn


def copied(own: Connection) -> tuple[int, int]:
    """Rows, and rows of the source without one."""
    row = own.execute(
        f"SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM t WHERE {MISSING})".encode()
    ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("columns", ["id int PRIMARY KEY", "id int"])
def test_every_row_is_copied_once(own: Connection, columns: str) -> None:
    table(own, columns, "g")
    own.execute("INSERT INTO d VALUES (7, 'there already')")
    fill(own, begun(own), copying(("id",) if "KEY" in columns else ()))
    there = own.execute("SELECT old FROM d WHERE id IN (7, 8) ORDER BY id").fetchall()

    assert copied(own) == (ROWS, 0)
    assert there == [("there already",), ("ROW 8",)]


def test_it_resumes_behind_its_cursor_and_inserts_nothing_twice(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    running = engine.run(fill_request(own, fence, copying()))
    own.execute("INSERT INTO d VALUES (2000, 'x'), (2001, 'x')")
    next(running)
    running.close()  # type: ignore[attr-defined]  # a generator: what a killed executor leaves
    fill(own, fence, copying())

    assert copied(own) == (ROWS, 0)


def test_a_row_that_was_written_before_it_began_is_copied_when_it_commits(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g * 2")
    with connection.connect(database, name="shop") as app, app.transaction():
        app.execute("INSERT INTO t (id) VALUES (1)")
        at_work = threading.Thread(target=fill, args=(own, begun(own), copying()))
        at_work.start()
        waiting.until(lambda: app.execute("SELECT FROM d WHERE id = 4").fetchall())
    at_work.join()

    assert copied(own) == (ROWS + 1, 0)


def test_it_ends_while_the_application_writes(own: Connection, database: str) -> None:
    table(own, "id int PRIMARY KEY", "g")
    done = threading.Event()

    def write() -> None:
        with connection.connect(database, name="shop", autocommit=True) as app:
            number = ROWS
            while not done.is_set():
                number += 1
                app.execute(f"INSERT INTO t (id) VALUES ({number})".encode())

    writing = threading.Thread(target=write)
    writing.start()
    try:
        fill(own, begun(own), copying())
    finally:
        done.set()
        writing.join()
    row = own.execute(f"SELECT count(*) FROM t WHERE id <= {ROWS} AND {MISSING}".encode())

    assert row.fetchone() == (0,)


def test_a_row_that_cannot_be_copied_is_named(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("ALTER TABLE d ADD CHECK (id <> 1234)")

    with pytest.raises(StoppedError, match=r"the row with id = 1234 .* cannot be copied"):
        fill(own, begun(own), copying())
