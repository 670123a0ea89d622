"""New partitions with rows, a DETACH that was cut off, and what reads rows under a lock."""

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from zdm.errors import ZdmError
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server

ROW = "INSERT INTO events (id, at) VALUES (1, '2026-05-05')"
_ROWS = "rows were written to the new partition events_2026"


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


def case(name: str) -> Path:
    return cases.ROOT / name


@pytest.mark.parametrize(
    "name", ["attach_partition/new_table", "create_table/partition"], ids=str
)
def test_a_new_partition_with_rows_is_not_dropped_by_a_rollback(
    server: Server, name: str
) -> None:
    with fresh_database(server) as url:
        plan = cases.plan(case(name), cases.prepare(url, case(name)))
        cases.run(url, plan, until=RunState.BACKFILLED)
        execute(url, ROW)

        with pytest.raises(ZdmError, match=_ROWS):
            revert(url, plan)
        execute(url, "DELETE FROM events WHERE at >= '2026-01-01'")
        revert(url, plan)

        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT to_regclass('events_2026')").fetchone()
        assert found == (None,)


def test_a_detach_that_was_cut_off_is_completed(server: Server) -> None:
    name = case("detach_partition/plain")
    detach = "ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY"
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url) as reader, suppress(psycopg.errors.LockNotAvailable):
            reader.execute("SELECT count(*) FROM events")
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("SET lock_timeout = '200ms'")
                other.execute(detach)
        with psycopg.connect(url) as conn:
            pending = conn.execute("SELECT inhdetachpending FROM pg_inherits ORDER BY 1 DESC")
            assert pending.fetchone() == (True,)

        assert cases.run(url, plan) is RunState.CONTRACTED
        with psycopg.connect(url) as conn:
            left = conn.execute(
                "SELECT count(*) FROM pg_inherits WHERE inhrelid = 'events_2025'::regclass"
            )
            assert left.fetchone() == (0,)


def test_a_table_that_was_partitioned_is_whole_again_while_its_rows_are_in_one(
    server: Server,
) -> None:
    name = case("partition_table/plain")
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        cases.run(url, plan, until=RunState.BACKFILLED)
        execute(url, "INSERT INTO events (at) VALUES ('2027-05-05')")

        with pytest.raises(ZdmError, match="rows of events are outside its first partition"):
            revert(url, plan)
        execute(url, "DELETE FROM events WHERE at >= '2027-01-01'")
        revert(url, plan)

        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT count(*), to_regclass('events_p0') FROM events")
            assert found.fetchone() == (300, None)


def test_rows_outside_the_bounds_are_named_before_anything_is_locked(server: Server) -> None:
    name = case("partition_table/plain")
    with fresh_database(server) as url:
        plan = cases.plan(name, cases.prepare(url, name))
        execute(url, "INSERT INTO events (at) VALUES ('2027-05-05')")

        with pytest.raises(ZdmError, match="rows of events are outside the bounds"):
            cases.run(url, plan, until=RunState.BACKFILLED)
        with psycopg.connect(url) as conn:
            found = conn.execute("SELECT count(*) FROM pg_constraint WHERE conname ~ '^zdm_'")
            assert found.fetchone() == (0,)
