"""Sample rows: a table that none of them fits stays empty, and the reason is in the result."""

from collections.abc import Iterator

import pytest

from zdm.model.schema import Name, Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.replay import sample_rows
from zdm.postgres.replay.sample_rows import ROWS, Unfilled
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="tests") as conn:
        yield conn


def filled(own: Connection, *names: str) -> tuple[Unfilled, ...]:
    snapshot: Snapshot = read.read(own, version_table=None)
    wanted = [Name("public", name) for name in names]
    return sample_rows.fill(own, snapshot, sample_rows.tables(snapshot, wanted))


def count(own: Connection, table: str) -> int:
    row = own.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_check_that_wants_an_address_gets_one(own: Connection) -> None:
    own.execute("CREATE TABLE users (id int PRIMARY KEY, email text CHECK (email LIKE '%@%'))")

    assert filled(own, "users") == ()
    assert count(own, "users") == ROWS


def test_a_table_that_no_sample_fits_stays_empty_and_others_are_filled(
    own: Connection,
) -> None:
    own.execute("CREATE TABLE odd (n int CONSTRAINT large CHECK (n > 1000))")
    own.execute("CREATE TABLE plain (n int)")

    assert filled(own, "odd", "plain") == (
        Unfilled(
            table=Name("public", "odd"),
            reason='no sample row fits: new row for relation "odd" violates check constraint'
            ' "large"',
        ),
    )
    assert (count(own, "odd"), count(own, "plain")) == (0, ROWS)
