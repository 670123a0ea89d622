"""What a backfill tells while it runs and at its end: events from the shared counters."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.backfill.throughput import Meter
from zdm.execute.events import (
    BackfillEvent,
    BackfillMeasured,
    BackfillProgress,
    Expected,
    Suspicious,
)
from zdm.model.plan import Backfill
from zdm.postgres.backfill import wal_forecast
from zdm.postgres.backfill.key_ranges import Totals
from zdm.postgres.backfill.shared_state import Control
from zdm.postgres.backfill.wal_forecast import Spent

REPORT_SECONDS = 0.5
FAR_OFF = 2.0  # times the planned WAL


def _dearer(wal: int, planned: int | None) -> tuple[str, ...]:
    """What to say where a backfill wrote much more than the plan said."""
    if not planned or wal <= FAR_OFF * planned:
        return ()
    return (f"it wrote {wal / planned:.1f} times the WAL that was planned",)


@dataclass(slots=True)
class Reporter:
    """Makes the events of one backfill."""

    step: Backfill
    control: Control
    meter: Meter = field(default_factory=Meter)
    before: tuple[int, int] = (0, 0)  # rows scanned and changed by earlier attempts
    wal_before: int = 0
    estimate: int | None = None
    filling: float = 0.0  # seconds
    verifying: float = 0.0
    reported: float = 0.0

    def begin(self, totals: Totals) -> None:
        """Take up what the journal knows of earlier attempts."""
        tally = self.control.tally
        self.estimate = totals.estimate
        self.before = (totals.scanned - tally.scanned, totals.changed - tally.changed)
        self.wal_before = totals.wal - tally.wal

    @property
    def wal(self) -> int:
        """Bytes of WAL, earlier attempts' included."""
        return self.wal_before + self.control.tally.wal

    def expected(self) -> Expected | None:
        """What it will have cost, once enough was seen."""
        tally = self.control.tally
        spent = Spent(
            scanned=self.before[0] + tally.scanned,
            changed=self.before[1] + tally.changed,
            wal=self.wal,
            estimate=self.estimate,
            batches=tally.batches,
        )
        return wal_forecast.expected(self.step.cost, spent)

    def warnings(self) -> Iterator[Suspicious]:
        """What the gates' thread saw, and does not hold for."""
        for text in self.control.take_warnings():
            yield Suspicious(id=self.step.id, reason=text)

    def where_due(self, *, verifying: bool = False) -> Iterator[BackfillProgress]:
        """Progress, twice a second at the most."""
        now = time.monotonic()
        if now - self.reported >= REPORT_SECONDS:
            self.reported = now
            yield self.progress(verifying=verifying)

    def progress(self, *, verifying: bool = False, waiting: str = "") -> BackfillProgress:
        """How far it is now."""
        control, tally = self.control, self.control.tally
        scanned = self.before[0] + tally.scanned
        holds = control.holds  # once: a poll may come in between
        waiting = waiting or control.waiting(holds)
        self.meter.take(time.monotonic(), scanned, tally.wal)
        left = None if self.estimate is None else max(self.estimate - scanned, 0)
        seen = self.meter.forecast(left=left, batches=tally.batches, held=bool(waiting))
        return BackfillProgress(
            id=self.step.id,
            table=str(self.step.table),
            scanned=scanned,
            estimate=self.estimate,
            changed=self.before[1] + tally.changed,
            batch=tally.size,
            batch_seconds=tally.seconds,
            rate=seen.rate,
            eta=seen.low,
            eta_high=seen.high,
            verifying=verifying,
            waiting=waiting,
            holds=holds,
            workers=control.allowed,
            wal_rate=seen.wal_rate,
            rest=control.rest.seconds,
            rest_reason=control.rest.reason,
            expected=self.expected(),
        )

    def end(self, totals: Totals) -> Iterator[BackfillEvent]:
        """What it cost, and whether its success is to be believed."""
        tally, step = self.control.tally, self.step
        yield BackfillMeasured(
            id=step.id,
            table=str(step.table),
            scanned=totals.scanned,
            changed=totals.changed,
            planned_rows=step.cost.rows,
            wal_bytes=totals.wal,
            planned_wal_bytes=step.cost.wal_bytes,
            filling=timedelta(seconds=round(self.filling, 3)),
            verifying=timedelta(seconds=round(self.verifying, 3)),
            held=tuple(sorted(tally.held.items())),
            retries=tuple(sorted(tally.retries.items())),
            notes=(*self.control.notes, *_dearer(totals.wal, step.cost.wal_bytes)),
        )
        if totals.scanned and not totals.changed:
            yield Suspicious(
                id=step.id,
                reason=f"the backfill looked at {totals.scanned} rows of {step.table} and"
                " changed none",
            )
