"""Gates decide from values alone: hysteresis, delays, and what cannot be read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zdm.backfill import gates
from zdm.backfill.gates import Freeze, Gate, Judge, Kind, Moment, Reading, Unreadable
from zdm.config.settings import BackfillGates
from zdm.execute.events import Hold
from zdm.postgres.backfill import gate_poller

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GATE = Gate(name="replica lag", kind=Kind.BUDGET, limit=10, resume=5)
UNKNOWN = Unreadable(reason="connection refused")
VALUES = st.lists(st.floats(0, 20), max_size=40)


def at(seconds: float) -> Moment:
    return Moment(at=seconds, time=START + timedelta(seconds=seconds))


def answers(judge: Judge, *values: float, first: int = 0) -> list[bool]:
    """Whether it holds after each value, one a second."""
    return [
        isinstance(judge.judge(Reading(value=value), at(first + n)), Hold)
        for n, value in enumerate(values)
    ]


def test_it_goes_on_after_three_polls_at_or_below_the_resume_value() -> None:
    held = answers(Judge(GATE), 10, 11, 7, 5, 5, 6, 5, 4, 3, 9)

    assert held == [False, True, True, True, True, True, True, True, False, False]


def test_a_hold_says_what_it_saw_and_since_when() -> None:
    judge = Judge(GATE)
    judge.judge(Reading(value=14, detail="r2 is 14 s behind"), at(3))

    assert judge.judge(Reading(value=12, detail="r2 is 12 s behind"), at(5)) == Hold(
        gate="replica lag",
        reason="r2 is 12 s behind",
        value=12,
        limit=10,
        since=START + timedelta(seconds=3),
    )


def test_a_hold_that_will_end_says_so() -> None:
    judge = Judge(GATE)
    judge.judge(Reading(value=14, detail="r2 is 14 s behind"), at(0))
    answer = judge.judge(Reading(value=0), at(1))

    assert isinstance(answer, Hold)
    assert answer.reason == "replica lag is back below its limit in 1 of 3 polls"


def test_a_delay_lets_short_peaks_pass() -> None:
    delay = timedelta(seconds=2)
    judge = Judge(Gate(name="queue", kind=Kind.BUDGET, limit=0, resume=0, delay=delay))

    assert answers(judge, 1, 1, 0, 1, 1, 1) == [False, False, False, False, False, True]


def test_a_budget_that_was_never_readable_holds_and_a_load_freezes() -> None:
    budget = Judge(GATE).judge(UNKNOWN, at(0))
    load = Judge(Gate(name="sql", kind=Kind.LOAD, limit=1, resume=1)).judge(UNKNOWN, at(0))

    assert isinstance(budget, Hold)
    assert budget.reason == "replica lag cannot be read: connection refused"
    assert load == Freeze(gate="sql", reason="sql cannot be read: connection refused")


def test_the_last_answer_stands_for_fifteen_seconds() -> None:
    judge = Judge(GATE)
    judge.judge(Reading(value=1), at(0))
    fresh, stale = judge.judge(UNKNOWN, at(15)), judge.judge(UNKNOWN, at(16))
    back = judge.judge(Reading(value=1), at(17))

    assert fresh is None
    assert isinstance(stale, Hold)
    assert back is None


def test_a_hold_of_an_unreadable_gate_is_not_ended_by_silence() -> None:
    judge = Judge(GATE)
    judge.judge(Reading(value=20), at(0))

    assert isinstance(judge.judge(UNKNOWN, at(10)), Hold)
    assert isinstance(judge.judge(UNKNOWN, at(100)), Hold)


def test_patience_ends_and_it_goes_on_without_growing() -> None:
    patience = timedelta(minutes=1)
    judge = Judge(Gate(name="vacuum", kind=Kind.LOAD, limit=0, resume=0, patience=patience))
    judge.judge(Reading(value=1, detail="a vacuum works"), at(0))

    assert isinstance(judge.judge(Reading(value=1, detail="a vacuum works"), at(60)), Hold)
    assert judge.judge(Reading(value=1, detail="a vacuum works"), at(61)) == Freeze(
        gate="vacuum", reason="a vacuum works; no longer waited for"
    )


@given(VALUES)
def test_it_never_goes_on_without_three_good_polls(values: list[float]) -> None:
    held = answers(Judge(GATE), *values)
    for n in range(1, len(values)):
        if held[n - 1] and not held[n]:
            assert all(value <= GATE.resume for value in values[n - 2 : n + 1])
        if values[n] > GATE.limit:
            assert held[n]


@given(VALUES)
def test_what_is_good_for_long_enough_always_goes_on(values: list[float]) -> None:
    judge = Judge(GATE)
    answers(judge, *values)

    assert not answers(judge, *[0.0] * gates.POLLS, first=len(values))[-1]


def test_every_gate_resumes_at_or_below_its_limit() -> None:
    found = gate_poller.gates(BackfillGates(sql="SELECT 1", sql_above=3))

    assert len({gate.name for gate, _ in found}) == len(found)
    assert all(gate.resume <= gate.limit for gate, _ in found)
