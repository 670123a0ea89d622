"""Defaults are kept in the catalog or evaluated for each row as zdm says, on each version."""

from collections.abc import Iterator

import pytest

from tests.conftest import MAJORS, a_server, fresh_database
from tests.rules import checking
from tests.rules.test_precision import COMPUTED, KEPT, REWRITES, add_default
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.schema import default_volatility

BEFORE = "CREATE SEQUENCE s; CREATE TABLE users (id bigint PRIMARY KEY);"
ZONES = (  # evaluated for each row on 14, and once from 15 on
    ("(current_time AT TIME ZONE 'UTC')", "timetz"),
    ("timezone('UTC', current_time(0))", "timetz"),
    ("timezone('UTC', '10:00+02'::timetz)", "timetz"),
    ("timezone('UTC', CAST('10:00+02' AS time with time zone))", "timetz"),
)
FILE = b"SELECT pg_relation_filenode('users')"
# Functions of these names, of those that PostgreSQL itself has, by volatility.
LISTED = (
    b"SELECT proname, pg_get_function_arguments(oid) FROM pg_proc"
    b" WHERE provolatile = %s AND pronamespace = 'pg_catalog'::regnamespace"
    b" AND proname = ANY (%s) ORDER BY proname"
)


def on_each_version() -> list[object]:
    return [
        pytest.param(
            major,
            marks=[] if major == MAJORS[-1] else [pytest.mark.more, pytest.mark.thorough],
        )
        for major in MAJORS
    ]


@pytest.fixture(scope="module", params=on_each_version())
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with (
        a_server(request.param) as server,
        fresh_database(server) as dsn,
        connection.connect(dsn, name="tests") as conn,
    ):
        conn.execute(BEFORE.encode())
        conn.execute("INSERT INTO users VALUES (1)")
        yield conn


def file(conn: Connection) -> object:
    return conn.execute(FILE).fetchone()


@pytest.mark.parametrize(("text", "kind"), [*KEPT, *COMPUTED, *ZONES], ids=lambda text: text)
def test_a_default_rewrites_where_the_rule_says_so(
    conn: Connection, text: str, kind: str
) -> None:
    sql = add_default(text, kind)
    major = conn.info.server_version // 10_000
    before = file(conn)
    conn.execute(f"BEGIN; {sql}".encode())
    rewritten = file(conn) != before
    conn.execute("ROLLBACK")

    assert (REWRITES in checking.found(sql, BEFORE, majors=(major,))) is rewritten


def test_no_listed_function_is_volatile(conn: Connection) -> None:
    names = sorted(default_volatility.STABLE | default_volatility.IMMUTABLE)
    of_14 = [("timezone", "text, time with time zone")]

    found = conn.execute(LISTED, ("v", names)).fetchall()
    assert found == (of_14 if conn.info.server_version < 150_000 else [])


def test_no_function_that_is_listed_as_immutable_is_stable(conn: Connection) -> None:
    found = conn.execute(LISTED, ("s", sorted(default_volatility.IMMUTABLE))).fetchall()
    assert found == [("length", "bytea, name")]  # of an encoding, which is there or not
