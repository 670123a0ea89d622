"""A sequence is set while applications draw numbers of it."""

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.rows.test_rows_in_the_way import planned, run
from zdm.model.plan import Plan, RunSql
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE roles (id serial PRIMARY KEY, name text);
INSERT INTO roles (name) SELECT 'r' FROM generate_series(1, 5);
CREATE SEQUENCE down INCREMENT -2;
"""
BY_KEYS = "SELECT setval('roles_id_seq', (SELECT max(id) FROM roles));"


def drawn(url: str, sequence: str = "roles_id_seq") -> int:
    """The next number."""
    with psycopg.connect(url, autocommit=True) as conn:
        return int(conn.execute("SELECT nextval(%s)", [sequence]).fetchall()[0][0])


def step(plan: Plan) -> RunSql:
    """Its only step before the rollout."""
    first = plan.steps[0]

    assert isinstance(first, RunSql)

    return first


def test_it_waits_for_who_has_drawn_a_number_that_no_row_shows_yet(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, BY_KEYS)
        with psycopg.connect(url) as writer, psycopg.connect(url) as conn:
            writer.execute("INSERT INTO roles (name) VALUES ('in flight')")
            conn.execute("SET lock_timeout = '50ms'")
            with pytest.raises(LockNotAvailable):
                conn.execute(step(plan).sql[0].encode())
        run(url, "INSERT INTO roles (id, name) VALUES (40, 'copied')")
        cases.run(url, plan)

        assert drawn(url) == 41


@pytest.mark.parametrize(
    ("migration", "sequence", "next_one"),
    [
        (BY_KEYS, "roles_id_seq", 10),
        ("ALTER SEQUENCE roles_id_seq RESTART WITH 30;", "roles_id_seq", 30),
        ("SELECT setval('roles_id_seq', 30);", "roles_id_seq", 31),
        ("SELECT setval('roles_id_seq', 9);", "roles_id_seq", 10),
        ("ALTER SEQUENCE down RESTART WITH -2;", "down", -3),
    ],
)
def test_it_is_never_set_back(
    server: Server, migration: str, sequence: str, next_one: int
) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, migration)
        run(
            url,
            "SELECT nextval('roles_id_seq') FROM generate_series(1, 4); SELECT nextval('down')",
        )
        before = attributes(url)
        cases.run(url, plan)

        assert drawn(url, sequence) == next_one
        assert attributes(url) == before


def attributes(url: str) -> list[tuple[object, ...]]:
    """What else a sequence has."""
    sql = (
        "SELECT * FROM pg_sequence WHERE seqrelid IN"
        " ('roles_id_seq'::regclass, 'down'::regclass) ORDER BY seqrelid"
    )
    with psycopg.connect(url) as conn:
        return conn.execute(sql.encode()).fetchall()
