"""Waiting for a condition: as long as it takes, and no longer than is allowed."""

from datetime import timedelta

from tests.fakes.clock import FakeClock
from zdm.execute.clock import SystemClock, wait_until

SECOND = timedelta(seconds=1)


def test_a_condition_that_is_met_is_not_waited_for() -> None:
    clock = FakeClock()

    assert wait_until(lambda: True, clock, within=10 * SECOND, every=SECOND)
    assert clock.slept == []


def test_it_is_checked_until_it_is_met() -> None:
    clock = FakeClock()

    assert wait_until(lambda: clock.monotonic() >= 3, clock, within=10 * SECOND, every=SECOND)
    assert clock.slept == [SECOND] * 3


def test_it_is_given_up_at_the_end_of_the_time() -> None:
    clock = FakeClock()

    assert not wait_until(lambda: False, clock, within=2 * SECOND, every=SECOND)
    assert clock.slept == [SECOND] * 2


def test_the_real_clock_goes_on_while_it_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(timedelta(milliseconds=1))

    assert clock.monotonic() - before >= 0.001
