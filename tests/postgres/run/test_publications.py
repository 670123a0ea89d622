"""Publications: row filters that are planned, and subscribers of one that is dropped."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from tests import case as cases
from tests import scratch
from tests.conftest import fresh_database, lasting
from tests.postgres.cases.rows.test_rows_in_the_way import planned, run
from zdm.errors import StoppedError
from zdm.model.release import RunState
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.server.provider import Server, Wanted

BEFORE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (
  id bigint PRIMARY KEY, n int, small smallint, amount numeric(9, 2), real real,
  flag boolean, name varchar(20), text text, fixed char(3), uid uuid,
  day date, at timestamptz, local timestamp(3), mood mood, said text COLLATE "C"
);
INSERT INTO users (id) VALUES (1), (2);
"""
PUBLISH = "CREATE PUBLICATION p FOR TABLE users"
FILTERS = (
    "n > 5",
    "n > small AND small <> id",
    "amount >= 5 OR real < 1.5",
    "flag",
    "NOT flag AND flag IS TRUE",
    "name = 'a' AND text LIKE 'b%' AND fixed <> text",
    "name ILIKE 'A%' OR n IS NULL",
    "uid = '00000000-0000-0000-0000-000000000000'",
    "day > '2026-01-01'",
    "at < '2026-01-01' AND at IS NOT NULL",
    "local BETWEEN '2026-01-01' AND '2026-02-01'",
    "n IN (1, 2, 3) AND n NOT IN (4)",
    "n = ANY (ARRAY[1, 2])",
    "n IS DISTINCT FROM small",
    "coalesce(n, 5) > 4",
    "(n > 1) IS NOT TRUE",
    "day < at",
    "mood = 'ok'",
    "said = 'a'",
    "n > random()",
    "n + 1 > 5",
    "at > now()",
    "day::text = 'a'",
    "xmin = 5",
    "n > (SELECT 1)",
)


@pytest.mark.parametrize("major", [pytest.param(15, marks=pytest.mark.more), 18])
def test_a_row_filter_that_is_planned_is_one_that_the_server_takes(major: int) -> None:
    taken = []
    with (
        fresh_database(lasting(major)) as url,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        conn.execute(BEFORE.encode())
        for where in FILTERS:
            sql = f"{PUBLISH} WHERE ({where}) WITH (publish = 'insert')"
            try:
                planned(url, f"{sql};")
            except TrainRefusedError:
                continue
            conn.execute(sql.encode())
            conn.execute(b"DROP PUBLICATION p")
            taken.append(where)

    assert len(taken) >= 14


def test_a_list_and_a_filter_let_updates_and_deletes_pass(server: Server) -> None:
    sql = "CREATE PUBLICATION p FOR TABLE users (id, n) WHERE (id > 1 AND id IS NOT NULL);"
    with fresh_database(server) as url:
        run(url, BEFORE)
        cases.run(url, planned(url, sql))
        run(url, "UPDATE users SET name = 'x'; DELETE FROM users WHERE id = 2")
        with psycopg.connect(url) as conn:
            found = conn.execute(
                "SELECT attnames::text[], rowfilter FROM pg_publication_tables"
            ).fetchall()

    assert found == [(["id", "n"], "((id > 1) AND (id IS NOT NULL))")]


@pytest.fixture(params=[*(pytest.param(m, marks=pytest.mark.more) for m in (14, 17)), 18])
def logical(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server whose changes can be decoded."""
    wanted = Wanted(major=request.param, settings=(("wal_level", "logical"),))
    with scratch.throwaway(wanted) as server:
        yield server


SKIPS = 18  # the first version that passes over a publication which is not there
SLOT = "SELECT pg_create_logical_replication_slot('s', '{}')"


def test_a_publication_that_may_have_a_subscriber_is_not_dropped(logical: Server) -> None:
    with fresh_database(logical) as url:
        run(url, f"{BEFORE} {PUBLISH}; CREATE TABLE spare (id int, more int);")
        run(url, SLOT.format("pgoutput"))
        plan = planned(url, "ALTER TABLE spare DROP COLUMN more; DROP PUBLICATION p;")
        with pytest.raises(StoppedError) as stopped:
            cases.run(url, plan)
        with psycopg.connect(url) as conn:
            conn.execute("SELECT more FROM spare")  # nothing is dropped yet
        run(url, "SELECT pg_drop_replication_slot('s')")
        state = cases.run(url, plan)
        with psycopg.connect(url) as conn:
            left = conn.execute("SELECT pubname FROM pg_publication").fetchall()

    assert "there may be a subscription to p" in str(stopped.value)
    assert "drop the subscription" in stopped.value.hint
    assert (state, left) == (RunState.CONTRACTED, [])


def decoded(conn: psycopg.Connection[tuple[object, ...]]) -> int | str:
    """How many rows pgoutput sends of what was changed, or its error."""
    sql = (
        "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL,"
        " 'proto_version', '1', 'publication_names', 'p') WHERE get_byte(data, 0) = 73"
    )
    try:
        (row,) = conn.execute(sql.encode()).fetchall()
    except psycopg.errors.UndefinedObject as error:
        return re.sub(r"\n.*", "", str(error), flags=re.DOTALL)
    return int(str(row[0]))


def test_what_is_changed_without_the_publication_is_never_sent(logical: Server) -> None:
    with fresh_database(logical) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(b"SET synchronous_commit = on")  # what is not flushed is not decoded
        conn.execute(f"{BEFORE} {PUBLISH};".encode())
        conn.execute(SLOT.format("pgoutput").encode())
        conn.execute(b"INSERT INTO users (id) VALUES (3)")
        before = decoded(conn)
        conn.execute(b"DROP PUBLICATION p")
        conn.execute(b"INSERT INTO users (id) VALUES (4)")
        without = decoded(conn)
        conn.execute(PUBLISH.encode())
        conn.execute(b"INSERT INTO users (id) VALUES (5)")
        again = decoded(conn)
        conn.execute(b"SELECT pg_drop_replication_slot('s')")

    fails = 'publication "p" does not exist'
    found = (before, without, again)
    assert found == ((1, 1, 2) if logical.major >= SKIPS else (1, fails, fails))
