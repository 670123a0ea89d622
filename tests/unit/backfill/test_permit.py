"""What lets the workers of a backfill go on: holds, their number, VACUUM, stops and alarms."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import PATIENCE
from zdm.backfill.permit import GREEN, MAX_VACUUMS, Permit
from zdm.errors import StoppedError
from zdm.execute.events import Hold

CLOCK = FakeClock()
LAG = Hold(gate="replica lag", reason="r2 is behind", limit=10.0, since=CLOCK.now())
COST = Hold(gate="budget", reason="it would write 3 GB", limit=1.0, since=CLOCK.now())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def permit(clock: FakeClock) -> Permit:
    return Permit(3, clock)


def ended(error: BaseException | None = None) -> Future[None]:
    future: Future[None] = Future()
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
    return future


def waits(permit: Permit, let: Callable[[], object]) -> bool:
    """Whether a batch waits at the gates until `let` was called, and then begins."""
    begun = threading.Event()

    def batch() -> None:
        permit.pass_gates()
        begun.set()

    thread = threading.Thread(target=batch)
    thread.start()
    waited = not begun.wait(0.02)
    let()
    thread.join(PATIENCE)
    return waited and begun.is_set()


def test_a_hold_leaves_one_worker_and_each_green_minute_adds_one(
    permit: Permit, clock: FakeClock
) -> None:
    permit.judge((LAG,), frozen=False)
    seen = [permit.allowed]
    for _ in range(3):
        clock.sleep(GREEN + timedelta(seconds=1))
        permit.judge((), frozen=False)
        seen.append(permit.allowed)

    assert seen == [1, 2, 3, 3]


def test_the_time_is_counted_for_what_held_until_now(permit: Permit, clock: FakeClock) -> None:
    permit.judge((LAG,), frozen=True)
    clock.sleep(timedelta(seconds=4))

    assert permit.judge((), frozen=False) == ((LAG,), timedelta(seconds=4))
    assert permit.holds == ()


def test_a_batch_waits_until_no_gate_holds(permit: Permit) -> None:
    permit.judge((LAG,), frozen=False)

    assert waits(permit, lambda: permit.judge((), frozen=False))


def test_no_more_batches_run_than_are_allowed(clock: FakeClock) -> None:
    permit = Permit(1, clock)
    permit.pass_gates()

    assert waits(permit, permit.leave)


def test_the_cost_holds_through_every_poll_until_it_is_approved(permit: Permit) -> None:
    permit.hold_for(COST)
    permit.judge((LAG,), frozen=False)
    held = permit.holds
    permit.hold_for(None)

    assert held == (LAG, COST)
    assert permit.holds == (LAG,)


def test_others_wait_while_one_worker_runs_vacuum(permit: Permit) -> None:
    permit.ask_for_vacuum()

    assert permit.take_vacuum()
    assert not permit.take_vacuum()  # it is one worker's
    assert waits(permit, permit.vacuumed)


def test_vacuum_runs_so_many_times_and_no_more(permit: Permit) -> None:
    runs = 0
    for _ in range(2 * MAX_VACUUMS):
        permit.ask_for_vacuum()
        runs += permit.take_vacuum()
        permit.vacuumed()

    assert runs == MAX_VACUUMS


def test_a_stop_ends_a_wait_at_the_gates_and_a_sleep(permit: Permit, clock: FakeClock) -> None:
    permit.judge((LAG,), frozen=False)

    assert waits(permit, permit.stop)
    permit.sleep(timedelta(minutes=1))
    assert clock.slept == []


def test_a_sleep_is_the_clocks(permit: Permit, clock: FakeClock) -> None:
    permit.sleep(timedelta(minutes=1))

    assert clock.monotonic() == pytest.approx(60.0, abs=0.01)
    assert max(clock.slept) <= timedelta(seconds=0.1)


def test_a_worker_that_fails_stops_the_others_and_its_error_is_the_first(
    permit: Permit,
) -> None:
    permit.begin(3)
    first, second = StoppedError("first", hint=""), StoppedError("second", hint="")
    permit.ended(ended(first))
    permit.ended(ended(second))
    permit.ended(ended())

    assert permit.stopping
    assert permit.error is first
    assert permit.running == 0


def test_an_alarm_stops_workers_that_run(permit: Permit) -> None:
    permit.begin(1)
    permit.alert(alarm := StoppedError("the trigger is gone", hint=""))

    assert permit.error is alarm
    with pytest.raises(StoppedError, match="the trigger is gone"):
        permit.check_alarm()


def test_the_end_of_the_last_worker_is_waited_for(permit: Permit) -> None:
    permit.begin(1)
    thread = threading.Thread(
        target=permit.wait_for_workers, args=(timedelta(seconds=PATIENCE),)
    )
    thread.start()
    permit.ended(ended())
    thread.join(PATIENCE / 2)

    assert not thread.is_alive()
    assert permit.running == 0
