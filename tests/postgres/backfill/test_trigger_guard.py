"""What a backfill relies on is watched to its end: its trigger keeps other writes in step."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fakes.clock import SkippingClock
from tests.postgres.backfill.fills import begun, count, fill, fill_request, step, table
from zdm.backfill.batch_size import Controller
from zdm.backfill.pacing import Pacing
from zdm.backfill.permit import Permit
from zdm.backfill.shared import Shared
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.errors import StoppedError
from zdm.execute.events import BackfillEvent, BackfillProgress
from zdm.model.plan import Backfill, Check
from zdm.model.schema import Name
from zdm.postgres.backfill import batch as backfill_batch
from zdm.postgres.backfill import engine, gate_queries, key_walk
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.backfill.gate_poller import Monitor
from zdm.postgres.backfill.key_ranges import Ranges
from zdm.postgres.backfill.trigger_guard import Guard
from zdm.postgres.backfill.worker import Task, Worker
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.sql import probes

SOON = BackfillSettings(gates=BackfillGates(poll=timedelta(milliseconds=50)))
ALL = Tuning(report_every=timedelta(0))  # every progress is reported
OFF = ["ALTER TABLE t DISABLE TRIGGER sync", "DROP TRIGGER sync ON t"]


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def make(own: Connection) -> None:
    own.execute(
        "CREATE TRIGGER sync BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION sync();"
        " ALTER TABLE t ENABLE ALWAYS TRIGGER sync"
    )


def synced(own: Connection) -> Backfill:
    """A table with a trigger that keeps `new` in step, and the backfill that relies on it."""
    table(own, "id int PRIMARY KEY", "g")
    own.execute(
        "CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.new = upper(NEW.old); RETURN NEW; END'"
    )
    make(own)
    there = Check(
        sql=probes.trigger(Name("public", "t"), "sync"),
        failure="the sync trigger on t is missing or disabled, so rows would be lost",
        hint="enable the trigger",
    )
    return replace(step(("id",)), preconditions=(there,))


def states(own: Connection) -> set[str]:
    return {state for (state,) in own.execute("SELECT state FROM zdm.backfill_range")}


def until(events: Iterator[BackfillEvent], *, verifying: bool) -> None:
    next(e for e in events if isinstance(e, BackfillProgress) and e.verifying is verifying)


@pytest.mark.parametrize("off", OFF, ids=["disabled", "dropped"])
def test_a_trigger_that_goes_while_rows_are_filled_stops_it_before_the_end(
    own: Connection, off: str
) -> None:
    wanted = synced(own)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.002) IS NOT NULL) NOT VALID")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, wanted, settings=SOON))
    until(filling, verifying=False)
    own.execute(off.encode())
    own.execute("INSERT INTO t VALUES (0, 'unsynced')")
    with pytest.raises(StoppedError, match="backfill-1: the sync trigger on t is") as raised:
        list(filling)
    left = count(own, "new IS NULL")
    reached = states(own)
    own.execute("DROP TRIGGER IF EXISTS sync ON t; ALTER TABLE t DROP CONSTRAINT t_check")
    make(own)
    list(engine.run(fill_request(own, fence, wanted)))

    assert raised.value.hint == "enable the trigger"
    assert left > 1  # it did not go on to the end first
    assert "verified" not in reached
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert states(own) == {"verified"}


def test_a_trigger_of_zdm_that_the_plan_has_no_condition_for_is_watched_too(
    own: Connection,
) -> None:
    wanted = replace(synced(own), preconditions=())
    own.execute("ALTER TRIGGER sync ON t RENAME TO zzz_zdm_fill_new")
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.002) IS NOT NULL) NOT VALID")
    own.execute("CREATE TRIGGER theirs BEFORE INSERT ON t EXECUTE FUNCTION sync()")
    filling = engine.run(fill_request(own, begun(own), wanted, settings=SOON))
    until(filling, verifying=False)
    own.execute("ALTER TABLE t DISABLE TRIGGER theirs")  # is their affair
    until(filling, verifying=False)
    own.execute("ALTER TABLE t DISABLE TRIGGER zzz_zdm_fill_new")
    with pytest.raises(StoppedError, match="the trigger zzz_zdm_fill_new on t is disabled or"):
        list(filling)

    assert count(own, "new IS NULL") > 0


def test_a_trigger_that_is_off_before_the_fill_begins_lets_it_write_nothing(
    own: Connection,
) -> None:
    wanted = replace(synced(own), preconditions=())
    own.execute("ALTER TRIGGER sync ON t RENAME TO zzz_zdm_fill_new")
    own.execute("ALTER TABLE t DISABLE TRIGGER zzz_zdm_fill_new")
    fence = begun(own)
    with pytest.raises(StoppedError, match="the trigger zzz_zdm_fill_new on t is disabled or"):
        list(engine.run(fill_request(own, fence, wanted)))
    left = count(own, "new IS NULL")
    own.execute("ALTER TABLE t ENABLE ALWAYS TRIGGER zzz_zdm_fill_new")
    list(engine.run(fill_request(own, fence, wanted)))

    assert left == count(own, "true")
    assert states(own) == {"verified"}


def test_a_trigger_that_goes_while_rows_are_verified_stops_it(own: Connection) -> None:
    filling = engine.run(replace(fill_request(own, begun(own), synced(own)), tuning=ALL))
    until(filling, verifying=True)
    own.execute("ALTER TABLE t DISABLE TRIGGER sync")
    with pytest.raises(StoppedError, match="the sync trigger on t is missing or disabled"):
        list(filling)

    assert states(own) == {"filled"}


def test_a_trigger_that_was_off_for_a_moment_makes_it_verify_anew(own: Connection) -> None:
    wanted: FillRequest = replace(fill_request(own, begun(own), synced(own)), tuning=ALL)
    passes = "SELECT count(*)::int FROM zdm.backfill_pass"
    written = False
    for event in engine.run(wanted):
        if not isinstance(event, BackfillProgress) or not event.verifying or written:
            continue
        if own.execute(passes.encode()).fetchone() == (1,):  # in the second of two
            written = True
            own.execute("ALTER TABLE t DISABLE TRIGGER sync")
            own.execute("UPDATE t SET old = 'passed already' WHERE id = 1")
            own.execute("ALTER TABLE t ENABLE ALWAYS TRIGGER sync")

    assert written
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_no_batch_begins_before_every_gate_was_looked_at(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    look, batch = gate_queries.activity, backfill_batch.fill

    def slow(*given: Any) -> Any:
        time.sleep(0.0 if said else 0.3)
        said.append("looked")
        return look(*given)

    def filled(*given: Any) -> Any:
        said.append("batch")
        return batch(*given)

    monkeypatch.setattr(gate_queries, "activity", slow)
    monkeypatch.setattr(backfill_batch, "fill", filled)
    fill(own, begun(own), synced(own))

    assert said[0] == "looked"
    assert "batch" in said


def test_a_backfill_whose_gates_nobody_watches_any_more_ends(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [gate_queries.activity]

    def breaks(*given: Any) -> Any:
        return looks.pop()(*given)

    monkeypatch.setattr(gate_queries, "activity", breaks)
    wanted = synced(own)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.002) IS NOT NULL) NOT VALID")
    with pytest.raises(IndexError):
        list(engine.run(fill_request(own, begun(own), wanted, settings=SOON)))

    assert count(own, "new IS NULL") > 0


def test_no_worker_connects_before_the_gates_have_their_connection(own: Connection) -> None:
    wanted = fill_request(own, begun(own), synced(own))
    names: list[str] = []

    def connect(name: str) -> Connection:
        if name == "gates":
            time.sleep(0.3)
        names.append(name)
        return wanted.connect(name)

    list(engine.run(replace(wanted, connect=connect)))

    assert names[:3] == ["backfill", "gates", "worker-1"]


def test_an_alarm_before_the_workers_begin_stops_them() -> None:
    permit, alarm = Permit(1, SkippingClock()), StoppedError("the trigger is gone", hint="")
    permit.alert(alarm)
    stopped = permit.stopping
    permit.begin(1)

    assert not stopped  # it may only verify
    assert permit.stopping
    assert permit.error is alarm


def test_other_relations_are_looked_at_anew() -> None:
    permit = Permit(1, SkippingClock())
    monitor = Monitor(
        connect=lambda _: pytest.fail("not asked"),
        limits=BackfillGates(),
        shared=Shared(permit),
        guard=Guard(step(("id",))),
        vacuums=False,
        tuning=Tuning(),
    )
    monitor.connected.set()
    permit.looked.set()
    monitor.watch([1])

    assert not permit.looked.is_set()
    assert monitor.watching.is_set()


class StopsIt(SkippingClock):
    """A clock in whose first sleep the backfill is stopped."""

    permit: Permit

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        self.permit.stop()


def test_a_long_rest_ends_where_the_backfill_is_stopped(own: Connection) -> None:
    clock = StopsIt()
    clock.permit = Permit(1, clock)
    table(own, "id int PRIMARY KEY", "g")
    wanted, fence = step(("id",)), begun(own)
    (walk,) = key_walk.walks(own, wanted)
    task = Task(
        step=wanted,
        fence=fence,
        clock=clock,
        pace=replace(engine.PACES[Pacing.PACED], pause=timedelta(minutes=1)),
        wal_budget=1e9,
        walks={walk.relation: walk},
    )
    Ranges(own, fence, wanted.id).take_over(walk, 1)
    Worker(1, task, Shared(clock.permit), own).run()

    assert clock.slept == [timedelta(seconds=0.1)]  # of a minute


@pytest.mark.parametrize(("size", "at_once"), [(500, 8), (100, 8), (50, 1)])
def test_batches_below_the_smallest_size_are_found_one_by_one(
    own: Connection, monkeypatch: pytest.MonkeyPatch, size: int, at_once: int
) -> None:
    seen: set[tuple[int, int]] = set()
    real = backfill_batch.fill

    def filled(*given: Any) -> Any:
        seen.add((given[4].size, given[4].at_once))
        return real(*given)

    monkeypatch.setattr(backfill_batch, "fill", filled)
    monkeypatch.setattr(Controller, "learn", lambda *_, **__: None)
    pace = replace(engine.PACES[Pacing.PACED], first=size)
    monkeypatch.setitem(engine.PACES, Pacing.PACED, pace)
    table(own, "id int PRIMARY KEY", "g")
    fill(own, begun(own), step(("id",)))

    assert seen == {(size, at_once)}
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
