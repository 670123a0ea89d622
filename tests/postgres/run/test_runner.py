"""The runner on a real server: who may run, what stops it, and how it goes on."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.fakes.clock import SkippingClock
from tests.waiting import until_true
from zdm.backfill.pacing import Pacing
from zdm.errors import PastReturnError, RefusedError, StoppedError, TemporaryError
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import (
    Event,
    PointOfNoReturn,
    StepDone,
    StepStarted,
    Suspicious,
    Waiting,
)
from zdm.execute.ports import LockBusyError
from zdm.execute.recorder import Recorder
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Backfill, Check, Phase, Plan, RunSql
from zdm.model.release import RunState
from zdm.postgres.journal import orders, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.executor import Executor
from zdm.postgres.run.limits import Limits
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.workflows import plan_files

RENAME = cases.ROOT / "rename_column/plain"
INDEX = cases.ROOT / "create_index/plain"
SECONDS = 600
SLEEP = f"SELECT pg_sleep({SECONDS})"


@pytest.fixture
def plan(database: str) -> Plan:
    """The rename's plan, on a database that stands at its start."""
    return cases.plan(RENAME, cases.prepare(database, RENAME))


@contextmanager
def opened(url: str, name: str = "somebody") -> Iterator[Connection]:
    with connection.connect(url, name=name) as conn:
        yield conn


def at(kind: type[Event], action: Callable[[], None], phase: Phase | None = None) -> Watching:
    """Act once, at the first event of that kind (in that phase)."""
    acted: list[Event] = []

    def react(event: Event) -> None:
        fits = isinstance(event, kind) and phase in (None, getattr(event, "phase", None))
        if fits and not acted:
            acted.append(event)
            action()

    return Watching(react)


def test_a_finished_plan_is_finished_at_once(database: str, plan: Plan) -> None:
    cases.run(database, plan)
    watching = Watching()

    assert cases.run(database, plan, watching=watching) is RunState.CONTRACTED
    assert watching.events == []


def test_a_drifted_schema_is_refused_and_nothing_is_begun(database: str, plan: Plan) -> None:
    with opened(database) as conn:
        conn.execute("ALTER TABLE users ADD COLUMN surprise int")

    with pytest.raises(RefusedError, match="not the one the plan was made from"):
        cases.run(database, plan)

    with opened(database) as conn:
        assert runs.unfinished(conn) is None


def test_a_plan_for_another_major_version_is_refused(database: str, plan: Plan) -> None:
    with pytest.raises(RefusedError, match="was made for PostgreSQL 13"):
        cases.run(database, replace(plan, server_major=13))


def test_another_text_of_the_running_plan_is_refused(database: str, plan: Plan) -> None:
    cases.run(database, plan, until=RunState.EXPANDED)

    with pytest.raises(RefusedError, match="a different plan file"):
        cases.run(database, replace(plan, notes=("edited",)))


def test_a_pending_contract_blocks_the_next_plan(database: str, plan: Plan) -> None:
    cases.run(database, plan, until=RunState.DEPLOYED)

    with pytest.raises(RefusedError, match="pending contract blocks the next plan"):
        cases.run(database, replace(plan, name="next"))


def test_stages_are_run_one_by_one(database: str, plan: Plan) -> None:
    reached = [
        cases.run(database, plan, until=until)
        for until in (RunState.EXPANDED, RunState.BACKFILLED, RunState.DEPLOYED)
    ]

    assert reached == [RunState.EXPANDED, RunState.BACKFILLED, RunState.DEPLOYED]
    assert cases.run(database, plan) is RunState.CONTRACTED


def test_a_second_executor_waits_and_names_the_first(database: str) -> None:
    stop, clock = StopFlag(), SystemClock()
    first = PostgresDatabase(database, clock, stop, Pacing.FULL)
    second = PostgresDatabase(database, clock, stop, Pacing.FULL)
    first.claim(print)
    try:
        with pytest.raises(LockBusyError, match="another executor is running: process"):
            second.claim(print)
    finally:
        first.close()
        second.close()


def test_a_zombie_can_neither_record_nor_act(database: str, plan: Plan) -> None:
    def take_over() -> None:
        with opened(database, "thief") as conn:
            run = runs.unfinished(conn)
            assert run is not None
            runs.adopt(conn, Fence(run.id, run.epoch), "thief")

    with pytest.raises(RefusedError, match="another executor"):
        cases.run(database, plan, watching=at(StepStarted, take_over))

    columns = {c.name for table in cases.read(database).tables for c in table.columns}

    assert "new_email" not in columns


def test_a_held_table_is_waited_for_without_queueing(database: str, plan: Plan) -> None:
    with opened(database, "report") as conn:
        conn.autocommit = False
        conn.execute("SELECT count(*) FROM users")
        time.sleep(1.1)
        watching = Watching()
        watching.react = lambda e: conn.commit() if isinstance(e, Waiting) else None
        state = cases.run(database, plan, watching=watching)
    waits = [event for event in watching.events if isinstance(event, Waiting)]

    assert state is RunState.CONTRACTED
    assert "zdm-run:report" in waits[0].names[0]
    assert "would queue behind" in waits[0].reason


@pytest.mark.parametrize(
    "phase", [Phase.EXPAND, Phase.BACKFILL, Phase.VALIDATE, Phase.CONTRACT]
)
def test_a_lost_connection_is_made_anew(database: str, plan: Plan, phase: Phase) -> None:
    def cut() -> None:
        with opened(database) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'zdm-run:execute%'"
                " AND datname = current_database()"
            )

    state = cases.run(database, plan, watching=at(StepStarted, cut, phase))

    assert state is RunState.CONTRACTED
    assert "email" not in {c.name for t in cases.read(database).tables for c in t.columns}


def test_steps_that_the_server_lost_are_done_again(database: str, plan: Plan) -> None:
    """As after a crash with synchronous_commit off, or when a replica took over."""
    first = plan.steps[0]
    assert isinstance(first, RunSql)
    assert isinstance(first.undo, tuple)
    undo = first.undo

    def lose() -> None:
        with opened(database) as conn, conn.transaction():
            for sql in undo:
                conn.execute(sql.encode())
            conn.execute("DELETE FROM zdm.step WHERE id = %s", (first.id,))

    watching = at(StepStarted, lose, Phase.BACKFILL)
    state = cases.run(database, plan, watching=watching)
    lost = [event.id for event in watching.events if isinstance(event, Suspicious)]

    assert state is RunState.CONTRACTED
    assert first.id in lost
    assert "email" not in {c.name for t in cases.read(database).tables for c in t.columns}


def test_what_the_executor_commits_is_on_disk(database: str) -> None:
    with (
        closing(Executor(database, StopFlag(), Limits())) as made,
        opened(database) as conn,
    ):
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET synchronous_commit = off".encode())
        made.reconnect(print)
        shown = made.connection.execute("SHOW synchronous_commit").fetchone()

    assert shown == ("on",)


def test_a_request_to_stop_ends_in_a_state_that_goes_on(database: str, plan: Plan) -> None:
    stop, clock = StopFlag(), SystemClock()
    made = PostgresDatabase(database, clock, stop, Pacing.FULL)
    watching = at(StepDone, stop.set)
    with pytest.raises(TemporaryError, match="stopped on request"):
        run_with(made, plan, stop, watching)

    assert cases.run(database, plan) is RunState.CONTRACTED


def run_with(
    made: PostgresDatabase, plan: Plan, stop: StopFlag, watching: Watching
) -> RunState:
    world = World(
        database=made, platform=None, observer=watching, clock=SystemClock(), stop=stop
    )
    try:
        return runner.execute(plan_files.plan_text(plan), world, cases.options())
    finally:
        made.close()


@contextmanager
def stopping(url: str, stop: StopFlag) -> Iterator[None]:
    """Ask the run to stop while its statement sleeps, for longer than anybody waits here."""
    at_work = f"datname = current_database() AND state = 'active' AND query = '{SLEEP}'"

    def look() -> None:
        with opened(url, "look") as conn:
            until_true(conn, f"SELECT count(*) > 0 FROM pg_stat_activity WHERE {at_work}")
        stop.set()

    began = time.monotonic()
    thread = threading.Thread(target=look)
    thread.start()
    yield
    thread.join()

    assert stop.is_set
    assert time.monotonic() - began < SECONDS / 2


def test_a_stop_cancels_the_running_statement(database: str, plan: Plan) -> None:
    slow = replace_step(plan, 0, sql=(SLEEP,))
    stop = StopFlag()
    made = PostgresDatabase(database, SystemClock(), stop, Pacing.FULL)
    with stopping(database, stop), pytest.raises(TemporaryError, match="stopped on request"):
        run_with(made, slow, stop, Watching())


def test_a_stop_that_arrives_between_two_statements_is_not_lost(
    database: str, plan: Plan
) -> None:
    """The first cancel finds nothing to cancel."""
    slow = replace_step(plan, 0, sql=(SLEEP,))
    stop, cancels = StopFlag(), 0
    made = PostgresDatabase(database, SystemClock(), stop, Pacing.FULL)
    cancel = stop.cancel
    assert cancel is not None

    def late() -> bool:
        nonlocal cancels
        cancels += 1
        return True if cancels == 1 else cancel()

    stop.cancel = late
    with stopping(database, stop), pytest.raises(TemporaryError, match="stopped on request"):
        run_with(made, slow, stop, Watching())

    assert cancels > 1


def test_a_cancel_ends_the_search_for_rows_before_a_build(database: str) -> None:
    plan = cases.plan(INDEX, cases.prepare(database, INDEX))
    position = next(
        n for n, s in enumerate(plan.steps) if isinstance(s, RunSql) and not s.in_transaction
    )
    check = Check(sql=f"{SLEEP} IS NULL", failure="slept", hint="wake up")
    slow = replace_step(plan, position, preconditions=(check,))

    def cancel() -> None:
        with opened(database, "operator") as conn:
            until_true(
                conn,
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active'"
                f" AND datname = current_database() AND query = '{check.sql}'",
            )
            orders.give(conn, "cancel", "the operator")

    thread = threading.Thread(target=cancel)
    thread.start()
    began = time.monotonic()
    with pytest.raises(TemporaryError, match="cancelled by the operator"):
        cases.run(database, slow)
    thread.join()

    assert time.monotonic() - began < SECONDS / 2


def test_a_wait_that_cannot_be_noted_stops_no_run(database: str, plan: Plan) -> None:
    clock, watching = SystemClock(), Watching()
    made = PostgresDatabase(database, clock, StopFlag(), Pacing.FULL)
    waiting = Waiting(gate="lock", reason="busy", since=clock.now())
    with closing(made):
        made.claim(print)
        made.journal.begin(plan_files.plan_text(plan))
        with opened(database) as conn:
            conn.execute("DROP TABLE zdm.waiting")
        Recorder(watching, made, clock).notify(waiting)

    assert watching.events == [waiting]


def test_the_soak_is_not_shorter_where_the_executors_clock_is_ahead(
    database: str, plan: Plan
) -> None:
    clock, stop, soak = SkippingClock(), StopFlag(), timedelta(minutes=30)
    clock.sleep(timedelta(hours=1))
    options = cases.options(RunState.DEPLOYED)
    rollout = replace(options.rollout, soak=soak, poll_interval=timedelta(minutes=1))
    with closing(PostgresDatabase(database, clock, stop, Pacing.FULL)) as made:
        world = World(database=made, platform=None, observer=Watching(), clock=clock, stop=stop)
        runner.execute(plan_files.plan_text(plan), world, replace(options, rollout=rollout))

    assert clock.skipped - timedelta(hours=1) > soak - timedelta(minutes=1)


def replace_step(plan: Plan, position: int, **changes: object) -> Plan:
    steps = list(plan.steps)
    steps[position] = replace(steps[position], **changes)
    return replace(plan, steps=tuple(steps))


def test_a_false_postcondition_rolls_the_step_back(database: str, plan: Plan) -> None:
    wrong = replace_step(plan, 0, probe="SELECT 'not done'")

    with pytest.raises(
        StoppedError, match="its postcondition is `not done`, so it was rolled back"
    ):
        cases.run(database, wrong)

    assert "new_email" not in {c.name for t in cases.read(database).tables for c in t.columns}


def test_a_false_precondition_stops_with_its_reason(database: str, plan: Plan) -> None:
    check = Check(sql="SELECT 1 = 2", failure="one is not two", hint="count again")
    wrong = replace_step(plan, 0, preconditions=(check,))

    with pytest.raises(StoppedError, match="one is not two") as caught:
        cases.run(database, wrong)

    assert caught.value.hint == "count again"


def test_a_failure_after_the_point_of_no_return_says_so(database: str, plan: Plan) -> None:
    last = len(plan.steps) - 1
    wrong = replace_step(plan, last, sql=("ALTER TABLE nowhere DROP COLUMN gone",))
    watching = Watching()

    with pytest.raises(PastReturnError, match="after the point of no return"):
        cases.run(database, wrong, watching=watching)

    assert any(isinstance(event, PointOfNoReturn) for event in watching.events)


def test_a_row_that_cannot_be_filled_is_named(database: str, plan: Plan) -> None:
    position = next(i for i, s in enumerate(plan.steps) if isinstance(s, Backfill))
    step = plan.steps[position]
    assert isinstance(step, Backfill)
    with opened(database) as conn:
        row = conn.execute("SELECT id FROM users ORDER BY id OFFSET 2 LIMIT 1").fetchone()
    key = 0 if row is None else row[0]
    bad = f"CASE WHEN id = {key} THEN (1 / (id - id))::text ELSE email END"
    assignment = replace(step.assignments[0], expression=bad)
    wrong = replace_step(plan, position, assignments=(assignment,))

    with pytest.raises(StoppedError, match=rf"the row with id = {key} of users"):
        cases.run(database, wrong)


@pytest.fixture
def index_plan(database: str) -> Plan:
    """A concurrent index's plan."""
    return cases.plan(INDEX, cases.prepare(database, INDEX))


def test_an_invalid_index_left_behind_is_repaired(database: str, index_plan: Plan) -> None:
    """The executor is killed while its CREATE INDEX CONCURRENTLY waits for a writer."""
    step = next(s for s in index_plan.steps if isinstance(s, RunSql) and not s.in_transaction)
    with connection.connect(database, name="writer", autocommit=False, tuned=False) as conn:
        conn.execute(f"LOCK TABLE {step.locks[0].table.sql} IN ROW EXCLUSIVE MODE".encode())
        child = os.fork()
        if child == 0:
            try:
                cases.run(database, index_plan)
            finally:
                os._exit(0)
        with opened(database, "look") as look:
            until_true(look, "SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            executors = "application_name LIKE 'zdm-run:execute%'"
            until_true(
                look,
                f"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE {executors}"
                " AND datname = current_database())",
            )
        conn.rollback()

    assert cases.run(database, index_plan) is RunState.CONTRACTED
    assert all(index.valid for table in cases.read(database).tables for index in table.indexes)


def test_every_step_is_recorded_once(database: str, plan: Plan) -> None:
    cases.run(database, plan)
    with opened(database) as conn:
        run = runs.latest(conn)

    assert run is not None
    assert set(run.done) == {step.id for step in plan.steps}
