"""A session of zdm's own: which statements it prepares."""

from collections.abc import Iterator

import pytest

from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

OFTEN = 12  # psycopg's own threshold is 5


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def prepared(conn: Connection) -> list[str]:
    rows = conn.execute("SELECT statement FROM pg_catalog.pg_prepared_statements").fetchall()
    return [row[0] for row in rows]


def test_a_statement_is_prepared_where_that_is_asked(own: Connection) -> None:
    for _ in range(OFTEN):
        own.execute("SELECT %s::int", (1,), prepare=True)

    assert prepared(own) == ["SELECT $1::int"]


def test_no_statement_is_prepared_by_itself(own: Connection) -> None:
    for _ in range(OFTEN):
        own.execute("SELECT %s::int", (1,))

    assert prepared(own) == []


def test_a_session_that_may_be_shared_prepares_nothing(database: str) -> None:
    with connection.connect(database, name="doctor", tuned=False) as conn:
        conn.execute("SELECT %s::int", (1,), prepare=True)

        assert prepared(conn) == []
