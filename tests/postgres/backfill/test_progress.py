"""What a backfill tells of itself is of one moment, though the gates are polled meanwhile."""

import pytest

from tests.fakes.clock import FakeClock
from tests.postgres.backfill.fills import step
from zdm.backfill.permit import Permit
from zdm.backfill.shared import Shared
from zdm.backfill.throughput import Meter
from zdm.execute.events import Hold
from zdm.postgres.backfill.progress import Reporter


def test_the_holds_and_their_words_are_of_the_same_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    permit = Permit(1, clock)
    hold = Hold(gate="sql", reason="the query says 90", limit=80, since=clock.now())
    permit.judge((hold,), frozen=False)
    take = Meter.take

    def take_after_a_poll(meter: Meter, at: float, rows: int, wal: int) -> None:
        permit.judge((), frozen=False)
        take(meter, at, rows, wal)

    monkeypatch.setattr(Meter, "take", take_after_a_poll)
    said = Reporter(step(("id",)), Shared(permit), clock).progress()

    assert said.waiting.startswith("the query says 90 for ")
    assert said.holds == (hold,)
