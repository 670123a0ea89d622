"""A function that gets a parameter more, under sessions that have looked the former one up."""

from collections.abc import Iterator

import pytest

from tests.conftest import MAJORS, fresh_database, lasting
from tests.unit import schemas
from zdm.model.plan import Plan, RunSql
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

FORMER = (
    "CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN ''former''; END'"
)
MIGRATION = """
DROP FUNCTION f(int);
CREATE FUNCTION f(n int, more text DEFAULT '') RETURNS text LANGUAGE plpgsql
AS 'BEGIN RETURN ''new''; END';
"""


@pytest.fixture(params=[MAJORS[0], MAJORS[-1]])
def sessions(request: pytest.FixtureRequest) -> Iterator[tuple[Connection, Connection]]:
    with (
        fresh_database(lasting(request.param)) as url,
        connection.connect(url, name="migrates") as first,
        connection.connect(url, name="calls") as second,
    ):
        first.execute(FORMER)
        yield first, second


def planned(own: Connection) -> Plan:
    snapshot, train = read.read(own), schemas.train(MIGRATION)
    found = classify.classify(train, snapshot)
    return schedule.plan(found, name="p", train=train, snapshot=snapshot)


def run(own: Connection, step: object) -> None:
    assert isinstance(step, RunSql)
    with own.transaction():
        for sql in step.sql:
            own.execute(sql.encode())


def value(own: Connection, sql: bytes) -> object:
    (found,) = own.execute(sql).fetchone() or (None,)
    return found


def test_no_call_fails(sessions: tuple[Connection, Connection]) -> None:
    migrates, calls = sessions
    switch, _, drop = planned(migrates).steps
    calls.execute(b"PREPARE p AS SELECT f(1)")
    assert value(calls, b"EXECUTE p") == "former"
    with calls.transaction():
        calls.execute(b"DECLARE c CURSOR FOR SELECT f(n) FROM generate_series(1, 3) AS n")
        assert value(calls, b"FETCH c") == "former"

        run(migrates, switch)

        assert value(calls, b"FETCH c") == "former"  # it had looked it up
        assert value(calls, b"EXECUTE p") in ("former", "new")  # planned before, not yet again

    assert value(calls, b"EXECUTE p") == "new"
    assert value(calls, b"SELECT f(n => 1)") == "new"

    run(migrates, drop)

    assert value(calls, b"EXECUTE p") == "new"
    assert value(calls, b"SELECT f(1, 'more')") == "new"


def test_undo_brings_the_former_one_back_and_repeats(
    sessions: tuple[Connection, Connection],
) -> None:
    migrates, calls = sessions
    migrates.execute(b"COMMENT ON FUNCTION f(int) IS 'kept'")
    switch, *_ = planned(migrates).steps
    assert isinstance(switch, RunSql)
    assert isinstance(switch.undo, tuple)
    run(migrates, switch)

    for _ in range(2):
        for sql in switch.undo:
            migrates.execute(sql.encode())

        assert value(calls, b"SELECT f(1)") == "former"
        comment = b"SELECT obj_description('f(int)'::regprocedure, 'pg_proc')"
        assert value(calls, comment) == "kept"


def test_it_stops_where_new_functions_get_other_rights(
    sessions: tuple[Connection, Connection],
) -> None:
    migrates, _ = sessions
    switch, *_ = planned(migrates).steps
    assert isinstance(switch, RunSql)
    (check,) = switch.preconditions
    assert value(migrates, check.sql.encode()) is True

    migrates.execute(b"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")

    assert value(migrates, check.sql.encode()) is False
