"""The batch size follows what keys cost: simulated servers, and properties that always hold."""

import random
from datetime import timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.backfill import batch_size, retry
from zdm.backfill.batch_size import MIB, Controller, Rest
from zdm.backfill.pacing import Pacing
from zdm.backfill.retry import Reaction
from zdm.backfill.server_load import UNKNOWN, Others
from zdm.postgres.backfill.engine import PACES

PACED = PACES[Pacing.PACED]
SECOND = timedelta(seconds=1)
TARGET = PACED.target.total_seconds()
RATE = 30_000  # keys per second of the simulated server
BATCHES = st.lists(
    st.tuples(st.floats(0.0001, 20.0), st.integers(0, 200_000), st.integers(0, 10**9)),
    max_size=60,
)


def simulated(controller: Controller, batches: int, *, slower: float = 1.0) -> list[float]:
    """Seconds of batches on a server with 30 % noise."""
    chance = random.Random(7)
    taken = []
    for _ in range(batches):
        seconds = controller.size / RATE * slower * chance.uniform(0.7, 1.3)
        controller.learn(seconds * SECOND, controller.size, 0)
        taken.append(seconds)
    return taken


def test_a_steady_server_gets_steady_batches() -> None:
    controller = Controller(PACED)
    simulated(controller, 20)
    sizes, seconds = [], []
    for _ in range(200):
        seconds += simulated(controller, 1)
        sizes.append(controller.size)

    whole = RATE * TARGET
    assert min(sizes) > 0.45 * whole
    assert max(sizes) < 1.5 * whole
    assert 0.4 < mean(seconds) / TARGET < 1.0
    assert max(seconds) < TARGET * batch_size.PANIC


def test_one_outlier_is_forgotten_in_a_few_batches() -> None:
    controller = Controller(PACED)
    simulated(controller, 30)
    before = controller.size
    controller.learn(10 * before / RATE * SECOND, before, 0)
    halved = controller.size
    simulated(controller, 2)

    assert halved == before // 2
    assert controller.size > 0.9 * before


def test_a_server_that_becomes_ten_times_slower_is_followed_in_four_batches() -> None:
    controller = Controller(PACED)
    simulated(controller, 30)
    simulated(controller, 4, slower=10.0)
    (seconds,) = simulated(controller, 1, slower=10.0)

    assert seconds < 2 * TARGET


def test_a_batch_that_writes_much_wal_is_kept_small() -> None:
    controller = Controller(PACED)
    for _ in range(20):  # 20 kB a row, and fast
        controller.learn(0.01 * SECOND, controller.size, controller.size * 20_000)

    assert controller.size * 20_000 <= 16 * MIB


def test_a_frozen_controller_does_not_grow() -> None:
    controller = Controller(PACED)
    controller.learn(0.001 * SECOND, controller.size, 0, grow=False)

    assert controller.size == PACED.first


def test_five_long_batches_at_the_floor_mean_an_overloaded_server() -> None:
    controller = Controller(PACED)
    for _ in range(4):  # 1,000 to 100
        controller.learn(5 * SECOND, controller.size, 0)
    for number in range(batch_size.FLOORED):
        assert (controller.size, controller.overloaded) == (100, False), number
        controller.learn(5 * SECOND, controller.size, 0)

    assert controller.overloaded


def test_timeouts_at_the_floor_lead_to_single_rows() -> None:
    controller = Controller(PACED, size=100)
    controller.below_the_floor()
    for _ in range(7):
        controller.panic()

    assert controller.size == 1


def test_a_long_hold_makes_it_begin_anew() -> None:
    controller = Controller(PACED, size=40_000)
    controller.after_hold(timedelta(seconds=61))
    after_long = controller.size
    other = Controller(PACED, size=40_000)
    other.after_hold(timedelta(seconds=59))

    assert after_long == PACED.first
    assert other.size == 40_000


@given(BATCHES)
def test_the_size_stays_within_its_clamps_and_never_jumps(
    batches: list[tuple[float, int, int]],
) -> None:
    controller = Controller(PACED)
    for seconds, keys, wal in batches:
        before = controller.size
        controller.learn(seconds * SECOND, keys, wal)

        assert PACED.smallest <= controller.size <= PACED.largest
        assert controller.size <= before * batch_size.GROWTH


@given(st.floats(0, 20), st.integers(0, 10**9), st.floats(1, 10**9))
def test_a_pause_keeps_the_duty_cycle_and_the_budget(
    seconds: float, wal: int, budget: float
) -> None:
    full, work = PACES[Pacing.FULL], seconds * SECOND
    quiet = batch_size.rest_after(PACED, work, 0.0)
    busy = batch_size.rest_after(PACED, work, 5.0)
    rest = batch_size.rest(PACED, (work, wal), Others(0.0, timedelta(0)), budget)
    rounding = timedelta(microseconds=2)

    assert PACED.pause <= quiet <= busy
    assert 1.5 * work <= work + quiet + rounding
    assert 13 * work <= work + busy + rounding
    assert wal <= budget * (work + rest.length + rounding).total_seconds() * (1 + 1e-9)
    assert batch_size.rest_after(full, work, 5.0) == timedelta(0)
    assert batch_size.rest(full, (work, wal), Others(5.0, SECOND), budget) == Rest()


@pytest.mark.parametrize(
    ("others", "paced", "full"),
    [
        (Others(0.0, 0.0 * SECOND), 0.05, 0.05),  # nobody is there
        (Others(0.1, 0.0001 * SECOND), 0.05, 0.05),
        (Others(2.0, 0.004 * SECOND), 0.04, 0.04),
        (Others(2.0, 0.0001 * SECOND), 0.003, 0.02),
        (Others(2.0, 3.0 * SECOND), 0.05, 0.05),
        (UNKNOWN, 0.003, 0.05),
    ],
)
def test_a_batch_lasts_as_long_as_ten_transactions_of_others(
    others: Others, paced: float, full: float
) -> None:
    for pacing, target in ((Pacing.PACED, paced), (Pacing.FULL, full)):
        controller = Controller(PACES[pacing])
        controller.aim(others)

        assert controller.target == target * SECOND


@pytest.mark.parametrize(
    ("batch", "others", "rest"),
    [
        ((SECOND, 0), 0.0, Rest(0.5 * SECOND)),
        ((SECOND, 0), 0.1, Rest(0.5 * SECOND)),
        ((SECOND, 0), 0.6, Rest(12.5 * SECOND, "0.6 other sessions active")),
        ((SECOND, 0), 30.0, Rest(24.5 * SECOND, "30.0 other sessions active")),
        ((SECOND, 20_000), 0.6, Rest(19.0 * SECOND, "the WAL budget")),
    ],
)
def test_a_long_rest_has_a_reason(
    batch: tuple[timedelta, int], others: float, rest: Rest
) -> None:
    assert batch_size.rest(PACED, batch, Others(others, 0.01 * SECOND), 1000.0) == rest


@pytest.mark.parametrize(
    ("sqlstate", "action"),
    [
        ("55P03", Reaction.AGAIN),
        ("40P01", Reaction.AGAIN),
        ("40001", Reaction.AGAIN),
        ("57014", Reaction.SMALLER),
        ("08006", Reaction.RECONNECT),
        ("57P01", Reaction.RECONNECT),
        (None, Reaction.RECONNECT),
        ("25006", Reaction.RECONNECT),
        ("53300", Reaction.EXHAUSTED),
        ("53200", Reaction.EXHAUSTED),
        ("53100", Reaction.STOP),
        ("22012", Reaction.ROW),
        ("23514", Reaction.ROW),
        ("P0001", Reaction.ROW),
        ("42703", Reaction.STOP),
        ("0A000", Reaction.STOP),
        ("XX000", Reaction.STOP),
    ],
)
def test_each_sqlstate_has_its_answer(sqlstate: str | None, action: Reaction) -> None:
    assert retry.classify(sqlstate) is action


@given(st.integers(0, 100))
def test_tries_are_never_more_than_five_seconds_apart(failures: int) -> None:
    assert retry.FIRST <= retry.backoff(failures) <= retry.LAST == timedelta(seconds=5)


@given(st.floats(0.0, 20_000.0))
def test_a_rest_is_cut_into_equal_parts_of_a_second_at_most(seconds: float) -> None:
    parts = batch_size.parts(timedelta(seconds=seconds))
    whole = sum(parts, timedelta(0)).total_seconds()

    assert whole == pytest.approx(seconds, abs=0.02)
    assert len(set(parts)) <= 1
    assert all(part <= timedelta(seconds=1) for part in parts)
