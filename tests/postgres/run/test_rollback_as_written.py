"""What ran as written has no undo: a rollback undoes the rest, and ends once the schema is as
before."""

import pytest

from tests import case as cases
from tests.case import Watching
from tests.postgres.run.looking import BEFORE, planned, rows, run_sql, world
from zdm.errors import StoppedError
from zdm.execute import rollback
from zdm.execute.events import RunStopped, Suspicious
from zdm.model.plan import Plan
from zdm.model.release import RunState

WRITTEN = "-- zdm: run in expand -- all rows were checked\n"
RENAME = "ALTER TABLE t RENAME COLUMN a TO n;"
CHECK = f"{WRITTEN}ALTER TABLE t ADD CONSTRAINT hand CHECK (b > 0) NOT VALID;\n{RENAME}"
ROWS = f"{WRITTEN}UPDATE t SET b = b + 1 WHERE id = 1;\n{RENAME}"


def taken_back(url: str, plan: Plan, watching: Watching) -> RunState:
    with world(url, watching) as there:
        return rollback.revert(plan, there, cases.options())


def begun(url: str, migration: str) -> Plan:
    run_sql(url, BEFORE)
    plan = planned(url, migration)
    cases.run(url, plan, until=RunState.BACKFILLED)
    return plan


def said(watching: Watching) -> list[str]:
    return [
        f"{event.id}: {event.reason}"
        for event in watching.events
        if isinstance(event, Suspicious)
    ]


def test_a_rollback_leaves_it_to_the_operator_and_then_ends(database: str) -> None:
    plan, watching = begun(database, CHECK), Watching()
    with pytest.raises(
        StoppedError, match=r"as-written: run as written: ALTER TABLE t"
    ) as left:
        taken_back(database, plan, watching)
    columns = rows(database, "SELECT FROM pg_attribute WHERE attname = 'n'")
    run_sql(database, "ALTER TABLE t DROP CONSTRAINT hand")
    state = taken_back(database, plan, Watching())

    assert "undo by hand what ran as written, then run `zdm rollback` again" in left.value.hint
    assert "it ran as written, so zdm has no undo for it" in said(watching)[0]
    assert (columns, state) == ([], RunState.REVERTED)
    assert rows(database, "SELECT DISTINCT state FROM zdm.step") == [("reverted",)]


def test_what_was_undone_by_hand_before_is_no_obstacle(database: str) -> None:
    plan = begun(database, CHECK)
    run_sql(database, "ALTER TABLE t DROP CONSTRAINT hand")

    assert taken_back(database, plan, Watching()) is RunState.REVERTED


def test_a_run_continues_after_it_and_does_not_repeat_what_ran_as_written(
    database: str,
) -> None:
    plan = begun(database, CHECK)
    with pytest.raises(StoppedError):
        taken_back(database, plan, Watching())

    assert cases.run(database, plan) is RunState.CONTRACTED
    assert rows(database, "SELECT count(*) FROM pg_constraint WHERE conname = 'hand'") == [(1,)]


def test_rows_that_it_changed_stay_and_the_end_says_so(database: str) -> None:
    plan, watching = begun(database, ROWS), Watching()
    state = taken_back(database, plan, watching)
    (stopped,) = [event for event in watching.events if isinstance(event, RunStopped)]

    assert state is RunState.REVERTED
    assert "rows that expand-1-as-written changed stay as they are" in stopped.reason
    assert rows(database, "SELECT b FROM t WHERE id = 1") == [(2,)]
