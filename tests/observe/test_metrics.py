from datetime import datetime, timedelta

import pytest
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.clock import FakeClock
from tests.observe.events import (
    B1,
    B1_DONE,
    E1,
    E1_DONE,
    FILL,
    LOCK,
    MEASURED,
    NOON,
    RUN,
    STARTED,
)
from tests.unit import plans
from zdm.execute.events import Event, GateClear, Hold, Waiting
from zdm.execute.ports import JournalRun
from zdm.model.release import RunState
from zdm.observe import metrics
from zdm.observe.metrics import METRICS, LiveRun, Samples
from zdm.postgres.journal.history import History
from zdm.postgres.journal.runs import Filled
from zdm.workflows import read_metrics
from zdm.workflows.read_status import Status

LABELS = {metric.name: metric.labels for metric in METRICS}
Values = dict[tuple[str, tuple[str, ...]], float]


def values(*sources: Samples) -> Values:
    """What a scraper reads: values by name and labels other than the database."""
    found: Values = {}
    for family in text_string_to_metric_families(metrics.page("db:5432/shop", *sources)):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("database") == "db:5432/shop"
            found[sample.name, tuple(labels[name] for name in LABELS[sample.name])] = (
                sample.value
            )
    return found


def heard(*events: Event, clock: FakeClock | None = None) -> Values:
    live = LiveRun((clock or FakeClock(NOON)).now)
    for event in events:
        live.notify(event)
    return values(live.samples())


def filled(*, scanned: int, estimate: int, changed: int) -> Filled:
    return Filled(
        step="b1",
        table="a",
        state="filling",
        scanned=scanned,
        estimate=estimate,
        changed=changed,
        started_at=NOON,
        updated_at=NOON,
    )


def status(state: RunState, *, changed_since: datetime | None, done: int) -> Status:
    plan = plans.plan(*plans.good())
    return Status(
        run=JournalRun(
            id=7,
            plan_name="0007",
            digest="d",
            state=state,
            epoch=1,
            done=tuple(step.id for step in plan.steps[:done]),
            soak_since=None,
            past_return=state is RunState.CONTRACTED,
        ),
        plan=plan,
        fills=(
            filled(scanned=5, estimate=9, changed=4),
            filled(scanned=6, estimate=1, changed=2),
        ),
        history=History(
            owner="host/1",
            started_at=NOON,
            updated_at=NOON,
            deployed_at=None,
            finished_at=None,
            attempted=(),
            last_progress=NOON + timedelta(hours=1),
            changed_since=changed_since,
            failures=(("55P03", 3), (None, 1)),
            wal=(("b1", "a", 4096),),
        ),
        executors=(),
        order=None,
        waiting=None,
        waiting_seen_at=None,
    )


def test_every_metric_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert all(name.startswith("zdm_") for name in names)
    assert all(
        (metric.kind == "counter") == (metric.name[-6:] == "_total") for metric in METRICS
    )


def test_the_age_of_a_pending_contract_counts_from_the_first_change() -> None:
    pending = status(RunState.BACKFILLED, changed_since=NOON, done=2)
    found = values(read_metrics.samples(pending, NOON + timedelta(days=8)))

    assert found["zdm_pending_contract_age_seconds", ()] == 8 * 86400
    assert found["zdm_run_state", ("backfilled",)] == 1
    assert found["zdm_run_state", ("contracted",)] == 0
    assert found["zdm_point_of_no_return", ()] == 0


def test_nothing_is_pending_once_the_contract_is_done_or_where_no_plan_ever_ran() -> None:
    done = status(RunState.CONTRACTED, changed_since=NOON, done=9)
    found = values(read_metrics.samples(done, NOON + timedelta(days=8)))

    assert found["zdm_pending_contract_age_seconds", ()] == 0
    assert found["zdm_point_of_no_return", ()] == 1
    assert values(read_metrics.samples(None, NOON)) == {
        ("zdm_journal_up", ()): 1,
        ("zdm_pending_contract_age_seconds", ()): 0,
    }


def test_a_run_that_changed_nothing_yet_has_no_pending_contract() -> None:
    begun = status(RunState.EXPANDING, changed_since=None, done=0)
    found = values(read_metrics.samples(begun, NOON + timedelta(days=8)))

    assert found["zdm_pending_contract_age_seconds", ()] == 0


def test_the_journal_gives_steps_failures_by_sqlstate_and_the_sum_of_a_tables_leaves() -> None:
    found = values(
        read_metrics.samples(status(RunState.EXPANDED, changed_since=NOON, done=1), NOON)
    )

    assert found["zdm_steps_done", ("expand",)] == 1
    assert found["zdm_failed_attempts_total", ("55P03",)] == 3
    assert found["zdm_failed_attempts_total", ("none",)] == 1
    assert found["zdm_backfill_rows_scanned", ("b1", "a")] == 11
    assert found["zdm_backfill_rows_changed", ("b1", "a")] == 6
    assert found["zdm_backfill_rows_estimate", ("b1", "a")] == 10
    assert found["zdm_backfill_wal_bytes", ("b1", "a")] == 4096
    assert found["zdm_last_progress_timestamp_seconds", ()] == NOON.timestamp() + 3600


def test_the_journal_tells_what_an_executor_at_work_waits_for() -> None:
    idle = structs.replace(
        status(RunState.BACKFILLING, changed_since=NOON, done=1),
        waiting=Waiting(gate="replica lag", reason="r2 is 14 s behind", since=NOON),
    )
    working = structs.replace(idle, executors=("zdm-run:execute/host/1",))
    finished = structs.replace(
        working, run=structs.replace(idle.run, state=RunState.CONTRACTED)
    )
    about = ("zdm_waiting", ("replica lag",))

    assert values(read_metrics.samples(working, NOON))[about] == 1
    assert about not in values(read_metrics.samples(idle, NOON))
    assert about not in values(read_metrics.samples(finished, NOON))


def test_a_running_executor_knows_better_than_the_journal_whether_it_waits() -> None:
    journal, live = Samples(), LiveRun(FakeClock(NOON).now)
    journal.set("zdm_waiting", 1, "lock")
    for event in (STARTED, E1, LOCK, E1_DONE):
        live.notify(event)
    text = metrics.page("db", journal, live.samples())

    assert [line for line in text.splitlines() if line.startswith("zdm_waiting{")] == [
        'zdm_waiting{database="db",gate="lock"} 0.0'
    ]


def test_retries_and_seconds_are_counted_by_gate() -> None:
    clock = FakeClock(NOON)
    live = LiveRun(clock.now)
    for event in (STARTED, E1, LOCK):
        live.notify(event)
    clock.sleep(timedelta(seconds=4))
    live.notify(LOCK)
    waiting = values(live.samples())
    live.notify(E1_DONE)
    clock.sleep(timedelta(seconds=60))
    live.notify(Waiting(gate="soak", reason="soaking", since=clock.now()))
    clock.sleep(timedelta(seconds=2))
    after = values(live.samples())

    assert waiting["zdm_waits_total", ("lock",)] == 2
    assert waiting["zdm_waiting", ("lock",)] == 1
    assert waiting["zdm_waiting_seconds_total", ("lock",)] == 4
    assert after["zdm_waiting", ("lock",)] == 0
    assert after["zdm_waiting_seconds_total", ("lock",)] == 4
    assert after["zdm_waiting_seconds_total", ("soak",)] == 2


def test_a_clear_poll_ends_a_wait_and_counts_as_none() -> None:
    found = heard(
        Waiting(gate="old version", reason="1 left", since=NOON), GateClear(polls=1, needed=3)
    )

    assert found["zdm_waits_total", ("old version",)] == 1
    assert found["zdm_waiting", ("old version",)] == 0


def test_a_backfill_tells_its_speed_and_what_is_left() -> None:
    found = heard(STARTED, B1, FILL)
    about = ("b1", "users")

    assert found["zdm_backfill_rows_per_second", about] == 31_000
    assert found["zdm_backfill_eta_seconds", about] == 365
    assert found["zdm_backfill_batch_rows", about] == 6500
    assert found["zdm_step_running", ("b1", "backfill")] == 1


def test_a_backfill_that_holds_waits_and_one_without_speed_says_none() -> None:
    found = heard(B1, FILL, structs.replace(FILL, waiting="lag", rate=None, eta=None))

    assert found["zdm_waiting", ("backfill",)] == 1
    assert ("zdm_backfill_rows_per_second", ("b1", "users")) not in found


def test_a_backfill_tells_which_gates_hold_it_and_the_first_of_them_is_the_wait() -> None:
    lag = Hold(gate="replica lag", reason="r2 is 14 s behind", since=NOON)
    slot = Hold(gate="slot", reason="half full", since=NOON)
    held = structs.replace(FILL, waiting="r2", holds=(lag, slot), wal_rate=9e6, workers=2)
    found = heard(B1, FILL, held)

    assert found["zdm_waiting", ("replica lag",)] == 1
    assert found["zdm_backfill_held", ("b1", "users", "replica lag")] == 1
    assert found["zdm_backfill_held", ("b1", "users", "slot")] == 1
    assert found["zdm_backfill_wal_bytes_per_second", ("b1", "users")] == 9e6
    assert found["zdm_backfill_workers", ("b1", "users")] == 2


def test_batches_that_were_tried_again_are_counted_by_sqlstate() -> None:
    found = heard(B1, MEASURED, B1_DONE)

    assert found["zdm_backfill_retries_total", ("b1", "users", "55P03")] == 2


def test_after_a_run_no_step_and_no_backfill_is_running() -> None:
    found = heard(*RUN)

    assert {name for name, _ in found} == {
        "zdm_waits_total",
        "zdm_waiting",
        "zdm_waiting_seconds_total",
    }


def test_a_metric_is_given_its_own_labels_only() -> None:
    with pytest.raises(ValueError, match="zdm_steps"):
        Samples().set("zdm_steps", 1)
