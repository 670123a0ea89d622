"""The journal on a real server: the fence, failed attempts, and who else is there."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.unit import plans
from tests.waiting import until
from zdm.backfill.pacing import Pacing
from zdm.errors import RefusedError, StoppedError
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, RunStarted, StepStarted, Waiting
from zdm.execute.ports import LockBusyError, PlanText
from zdm.execute.recorder import Recorder
from zdm.execute.stop import StopFlag
from zdm.model.plan import Plan, RunSql
from zdm.model.release import RunState
from zdm.postgres.journal import history, orders, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import blockers, connection
from zdm.postgres.session.connection import Connection

RENAME = cases.ROOT / "rename_column/plain"


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


@pytest.fixture
def plan(database: str) -> Plan:
    """The rename's plan, on a database that stands at its start."""
    return cases.plan(RENAME, cases.prepare(database, RENAME))


def begun(own: Connection) -> Fence:
    runs.make(own)
    run = runs.begin(own, PlanText(plan=plans.plan(), text="the text", digest="d"), "one")
    return Fence(run=run.id, epoch=run.epoch)


def test_a_run_is_adopted_by_one(own: Connection) -> None:
    fence = begun(own)
    adopted = runs.adopt(own, fence, "two")
    with pytest.raises(RefusedError, match=r"another executor \(two\) has taken this run over"):
        runs.adopt(own, fence, "three")

    assert adopted.epoch == fence.epoch + 1


def test_a_raise_whose_acknowledgement_was_lost_is_ones_own(own: Connection) -> None:
    fence = begun(own)
    runs.adopt(own, fence, "one")
    again = runs.adopt(own, fence, "one")

    assert again.epoch == fence.epoch + 2


@pytest.mark.parametrize("end", [RunState.CONTRACTED, RunState.REVERTED], ids=str)
def test_a_run_that_ended_meanwhile_is_not_taken_up_again(
    own: Connection, end: RunState
) -> None:
    fence = begun(own)
    runs.write_state(own, fence, end)
    with pytest.raises(RefusedError, match="has taken this run over"):
        runs.adopt(own, fence, "one, back again")


def test_an_executor_that_comes_back_after_another_ended_its_run_stops(
    database: str, plan: Plan
) -> None:
    """Its session dies, another one finishes the run, then it connects again."""
    acted: list[Event] = []

    def usurp(event: Event) -> None:
        if not isinstance(event, StepStarted) or event.position != 2 or acted:
            return
        acted.append(event)
        with connection.connect(database, name="tests") as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                " application_name LIKE 'zdm-run:execute%' AND datname = current_database()"
            )
        cases.run(database, plan)

    with pytest.raises(RefusedError, match="has taken this run over"):
        cases.run(database, plan, watching=Watching(usurp))
    with connection.connect(database, name="tests") as conn:
        run = runs.latest(conn)

    assert run is not None
    assert run.state is RunState.CONTRACTED


def test_only_one_run_can_be_unfinished(own: Connection) -> None:
    begun(own)
    with pytest.raises(Exception, match="run_unfinished"):
        begun(own)


def test_a_refusal_leaves_no_journal_behind(database: str, plan: Plan) -> None:
    with pytest.raises(RefusedError):
        cases.run(database, replace(plan, fingerprint="0" * 64))
    with connection.connect(database, name="tests") as conn:
        row = conn.execute("SELECT to_regnamespace('zdm') IS NULL").fetchone()

    assert row == (True,)


def test_the_journal_of_a_newer_zdm_is_refused(own: Connection) -> None:
    runs.make(own)
    own.execute("UPDATE zdm.journal SET version = 99")
    with pytest.raises(RefusedError, match="has version 99"):
        runs.make(own)


def test_an_older_journal_is_brought_up_and_its_run_goes_on(own: Connection) -> None:
    fence = begun(own)
    own.execute("DROP TABLE zdm.request, zdm.waiting, zdm.act, zdm.backfill_range")
    own.execute("CREATE TABLE zdm.backfill_range (run_id bigint REFERENCES zdm.run)")
    own.execute("ALTER TABLE zdm.run DROP window_ended_at, DROP window_ended_by")
    own.execute("ALTER TABLE zdm.run DROP old_version, DROP new_version")
    own.execute("UPDATE zdm.journal SET version = 1")
    with pytest.raises(RefusedError, match="another version of zdm"):
        orders.give(own, "pause", "somebody")
    runs.make(own)
    orders.give(own, "pause", "somebody")

    assert runs.version(own) == runs.VERSION
    assert runs.recall(own, fence).state is RunState.PLANNED
    assert own.execute("SELECT key FROM zdm.backfill_range").fetchall() == []


def test_every_table_of_the_journal_has_a_key(own: Connection) -> None:
    runs.make(own)
    rows = own.execute(
        "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'zdm'::regnamespace"
        " AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_index AS i"
        " WHERE i.indrelid = c.oid AND i.indisprimary)"
    ).fetchall()

    assert rows == []


def test_an_older_journal_is_brought_up_where_a_publication_sends_all_tables(
    own: Connection,
) -> None:
    begun(own)
    own.execute("ALTER TABLE zdm.journal DROP CONSTRAINT journal_pkey")
    own.execute("UPDATE zdm.journal SET version = 4")
    own.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    runs.make(own)

    assert runs.version(own) == runs.VERSION
    assert own.execute("SELECT version FROM zdm.journal").fetchall() == [(runs.VERSION,)]


def test_no_note_of_a_fenced_out_executor_is_written(own: Connection) -> None:
    fence = begun(own)
    runs.adopt(own, fence, "two")
    moment = datetime.now(UTC)
    orders.note_waiting(own, fence, Waiting(gate="lock", reason="old", since=moment))
    orders.note_act(own, fence, "one", "acts on")
    runs.failed(own, fence, "expand-1", sqlstate=None, reason="old")

    assert orders.waiting(own, fence.run) is None
    assert orders.acts(own, fence.run) == []
    assert history.attempted(own, fence.run) == ()


def test_a_wait_of_an_executor_that_ended_is_not_the_next_ones(database: str) -> None:
    made = PostgresDatabase(database, SystemClock(), StopFlag(), Pacing.FULL)
    run = made.journal.begin(PlanText(plan=plans.plan(), text="p", digest="d"))
    made.orders.note(Waiting(gate="lock", reason="held", since=datetime.now(UTC)))
    started = RunStarted(plan="p", digest="4f", run=run.id, resumed=True, steps=1, done=0)
    try:
        Recorder(Silent(), made, SystemClock()).notify(started)
        with connection.connect(database, name="tests") as conn:
            assert orders.waiting(conn, run.id) is None
    finally:
        made.close()


class Silent:
    """Shows nothing."""

    def notify(self, event: Event) -> None:
        """Take it."""


def test_a_failed_attempt_is_recorded_with_its_reason(database: str, plan: Plan) -> None:
    first = plan.steps[0]
    assert isinstance(first, RunSql)
    first = replace(first, sql=("SELECT 1 / 0",))
    with pytest.raises(StoppedError, match="division by zero"):
        cases.run(database, replace(plan, steps=(first, *plan.steps[1:])))
    with connection.connect(database, name="tests") as conn:
        rows = conn.execute("SELECT step_id, sqlstate, reason FROM zdm.attempt").fetchall()

    assert rows == [(first.id, "22012", "division by zero")]


def test_a_statement_of_a_dead_executor_is_waited_for(database: str) -> None:
    stop = StopFlag()
    made = PostgresDatabase(database, SystemClock(), stop, Pacing.FULL)
    with connection.connect(database, name="execute/dead", autocommit=False) as dead:
        dead.execute("SELECT 1")
        try:
            with pytest.raises(LockBusyError, match=r"is still running: zdm-run:execute/dead"):
                made.claim(print)
        finally:
            made.close()


def test_a_prepared_transaction_is_named_as_a_blocker(own: Connection) -> None:
    if own.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
        pytest.skip("this server takes no prepared transactions")
    own.execute("CREATE TABLE users (id int)")
    with own.transaction():
        own.execute("LOCK TABLE users IN ACCESS SHARE MODE")
        own.execute("PREPARE TRANSACTION 'left behind'")
    try:
        (found,) = until(lambda: blockers.before(own, plans.step().locks[0]))

        assert str(found) == "a prepared transaction (see pg_prepared_xacts)"
    finally:
        own.execute("ROLLBACK PREPARED 'left behind'")
