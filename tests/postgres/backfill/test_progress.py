"""What a backfill tells of itself is of one moment, though the gates are polled meanwhile."""

from datetime import UTC, datetime

import pytest

from tests.postgres.backfill.fills import step
from zdm.backfill.throughput import Meter
from zdm.execute.events import Hold
from zdm.postgres.backfill.progress import Reporter
from zdm.postgres.backfill.shared_state import Control


def test_the_holds_and_their_words_are_of_the_same_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    control = Control(workers=1)
    hold = Hold(gate="sql", reason="the query says 90", limit=80, since=datetime.now(UTC))
    control.judge((hold,), frozen=False)
    take = Meter.take

    def take_after_a_poll(meter: Meter, at: float, rows: int, wal: int) -> None:
        control.judge((), frozen=False)
        take(meter, at, rows, wal)

    monkeypatch.setattr(Meter, "take", take_after_a_poll)
    said = Reporter(step(("id",)), control).progress()

    assert said.waiting.startswith("the query says 90 for ")
    assert said.holds == (hold,)
