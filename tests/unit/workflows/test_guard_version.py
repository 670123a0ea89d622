"""Patience for an admission, with a clock that jumps."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.execute.test_admission import run
from zdm.errors import RefusedError, TemporaryError
from zdm.execute.admission import RecordedRun
from zdm.execute.stop import StopFlag
from zdm.model.release import RunState, Version
from zdm.workflows import guard_version
from zdm.workflows.guard_version import Patience


def waiting(said: list[str], clock: FakeClock, seconds: int) -> Patience:
    return Patience(
        clock=clock, stop=StopFlag(), say=said.append, patience=timedelta(seconds=seconds)
    )


def test_it_gives_up_when_its_time_is_over_and_has_said_why_once() -> None:
    said: list[str] = []
    clock = FakeClock()
    runs = [run(1, "v1>v2", RunState.EXPANDED)]
    with pytest.raises(TemporaryError, match="not admitted: v2 is too early"):
        guard_version.run(Version("v2"), lambda: runs, waiting(said, clock, 5))

    assert len(said) == 1
    assert sum(clock.slept, timedelta()) == timedelta(seconds=5)


def test_without_time_to_wait_it_looks_once() -> None:
    clock = FakeClock()
    runs = [run(1, "v1>v2", RunState.EXPANDED)]
    with pytest.raises(TemporaryError):
        guard_version.run(Version("v2"), lambda: runs, waiting([], clock, 0))

    assert clock.slept == []


def test_a_refusal_is_not_waited_for() -> None:
    clock = FakeClock()
    with pytest.raises(RefusedError):
        guard_version.run(Version("v1"), lambda: [run(1, "v1>v2")], waiting([], clock, 60))

    assert clock.slept == []


def test_a_database_that_is_away_for_a_moment_is_waited_for() -> None:
    said: list[str] = []
    answers: list[TemporaryError | Sequence[RecordedRun]] = [
        TemporaryError("the database cannot be reached"),
        [run(1, "v1>v2", RunState.BACKFILLED)],
    ]

    def read() -> Sequence[RecordedRun]:
        match answers.pop(0):
            case TemporaryError() as error:
                raise error
            case found:
                return found

    admitted = guard_version.run(Version("v2"), read, waiting(said, FakeClock(), 60))

    assert admitted.reason == "run 1 of `p1` is backfilled and serves v1 and v2"
    assert said == ["waiting: the database cannot be reached"]
