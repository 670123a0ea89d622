"""Rows in a step's way are looked for so long and no longer, and a message says so."""

import threading
from contextlib import ExitStack, closing
from datetime import timedelta

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.postgres.cases import writing
from tests.waiting import until_true
from zdm.backfill.pacing import Pacing
from zdm.errors import StoppedError
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepStarted
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan, RunSql
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.limits import Limits
from zdm.workflows import plan_files

SHORT = Limits(second_look=timedelta(seconds=1))
SLOW = """
CREATE TABLE slow (is_on boolean);
CREATE FUNCTION lower_code(code text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_query() ~ 'HAVING' AND EXISTS (SELECT FROM public.slow) THEN
    PERFORM pg_sleep(1);
  END IF;
  RETURN pg_catalog.lower(code);
END $$;
CREATE FUNCTION is_good(k bigint) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF k > 1 THEN
    PERFORM pg_sleep(1);
  END IF;
  RETURN k > 1;
END $$;
CREATE TABLE t (k bigint NOT NULL, code text NOT NULL);
INSERT INTO t SELECT g, 'c' || g FROM generate_series(1, 30) AS g;
"""
WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'zdm-run:execute%' AND wait_event_type = 'Lock')"
)


def test_the_keys_of_a_failed_look_are_left_out(database: str) -> None:
    writing.run(database, SLOW)
    plan = writing.planned(database, "ALTER TABLE t ADD CONSTRAINT good CHECK (is_good(k));")

    with pytest.raises(StoppedError, match=r"none is named: .* at the latest after 1s"):
        limited(database, plan, Watching())


def test_after_a_refusal_the_look_at_the_rows_ends(database: str) -> None:
    writing.run(database, SLOW)
    plan = writing.planned(database, "CREATE UNIQUE INDEX t_code ON t (lower_code(code));")
    builds = next(s.id for s in plan.steps if isinstance(s, RunSql) and not s.in_transaction)
    with ExitStack() as ends:

        def write(event: Event) -> None:
            if isinstance(event, StepStarted) and event.id == builds:
                own = ends.enter_context(psycopg.connect(database))
                own.execute("INSERT INTO t VALUES (31, 'c7')")
                thread = threading.Thread(target=commit, args=(database, own))
                thread.start()
                ends.callback(thread.join)

        said = "could not create unique index .* cut off, at the latest after 1s"
        with pytest.raises(StoppedError, match=said):
            limited(database, plan, Watching(write))

    assert all(table.indexes == () for table in cases.read(database).tables)


def limited(url: str, plan: Plan, watching: Watching) -> None:
    stop, clock = StopFlag(), SystemClock()
    with closing(PostgresDatabase(url, clock, stop, Pacing.FULL, SHORT)) as database:
        world = World(
            database=database, platform=None, observer=watching, clock=clock, stop=stop
        )
        runner.execute(plan_files.plan_text(plan), world, cases.options())


def commit(url: str, own: "psycopg.Connection[tuple[object, ...]]") -> None:
    with psycopg.connect(url, autocommit=True) as other:
        until_true(other, WAITS)
    own.execute("INSERT INTO slow VALUES (true)")
    own.commit()
