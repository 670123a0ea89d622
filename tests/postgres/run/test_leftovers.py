"""An index of somebody else that has the name which a step gives its own."""

import threading
from contextlib import ExitStack

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.postgres.cases import writing
from tests.waiting import until_true
from zdm.errors import StoppedError
from zdm.execute.events import Event, StepStarted
from zdm.model.plan import RunSql
from zdm.model.release import RunState

BEFORE = """
CREATE TABLE other (k bigint NOT NULL, code text NOT NULL);
CREATE TABLE t (k bigint NOT NULL, code text NOT NULL);
INSERT INTO other VALUES (1, 'a'), (2, 'a');
INSERT INTO t VALUES (1, 'a'), (2, 'b');
"""
MIGRATION = "CREATE INDEX t_made ON t (code); ALTER TABLE t ADD COLUMN n int;"
WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'zdm-run:execute%' AND wait_event_type = 'Lock')"
)
THERE = (
    "SELECT i.indrelid::pg_catalog.regclass::text, i.indisvalid FROM pg_catalog.pg_index AS i"
    " WHERE i.indexrelid = pg_catalog.to_regclass('t_made')"
)


def somebody_builds(url: str) -> None:
    """An index of the name that another session has failed to build, or builds."""
    with (
        psycopg.connect(url, autocommit=True) as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY t_made ON other (code)")


def index(url: str) -> object:
    with psycopg.connect(url) as conn:
        return conn.execute(THERE).fetchone()


@pytest.mark.parametrize("is_valid", [False, True])
def test_before_the_first_attempt_it_is_not_taken_for_the_steps(
    database: str, *, is_valid: bool
) -> None:
    writing.run(database, BEFORE)
    plan = writing.planned(database, MIGRATION)
    builds = next(s.id for s in plan.steps if isinstance(s, RunSql) and not s.in_transaction)

    def build(event: Event) -> None:
        if isinstance(event, StepStarted) and event.id == builds:
            if is_valid:
                writing.run(database, "CREATE INDEX t_made ON other (code)")
            else:
                somebody_builds(database)

    with pytest.raises(StoppedError, match="this run did not make it"):
        cases.run(database, plan, watching=Watching(build))
    with pytest.raises(StoppedError, match="this run did not make it"):
        cases.run(database, plan)

    assert index(database) == ("other", is_valid)

    writing.run(database, "DROP INDEX t_made")

    assert cases.run(database, plan) is RunState.CONTRACTED
    assert index(database) == ("t", True)


def test_a_name_that_is_taken_meanwhile_stays_with_its_owner(database: str) -> None:
    writing.run(database, BEFORE)
    plan = writing.planned(database, MIGRATION)
    builds = next(s.id for s in plan.steps if isinstance(s, RunSql) and not s.in_transaction)
    with ExitStack() as ends:

        def build(event: Event) -> None:
            if isinstance(event, StepStarted) and event.id == builds:
                own = ends.enter_context(psycopg.connect(database))
                own.execute("LOCK TABLE t IN SHARE MODE")
                thread = threading.Thread(target=take_the_name, args=(database, own))
                thread.start()
                ends.callback(thread.join)

        with pytest.raises(StoppedError, match="already exists"):
            cases.run(database, plan, watching=Watching(build))

    assert index(database) == ("other", False)

    with pytest.raises(StoppedError, match="this run did not make it"):
        cases.run(database, plan)

    assert index(database) == ("other", False)


def take_the_name(url: str, own: "psycopg.Connection[tuple[object, ...]]") -> None:
    """While the step waits for the table."""
    with psycopg.connect(url, autocommit=True) as other:
        until_true(other, WAITS)
    somebody_builds(url)
    own.commit()
