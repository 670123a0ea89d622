"""What a backfill reports while it runs and at its end: events from the shared counters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.backfill.shared import Shared
from zdm.backfill.throughput import Meter
from zdm.backfill.tuning import Tuning
from zdm.execute.events import (
    BackfillEvent,
    BackfillMeasured,
    BackfillProgress,
    Expected,
    Hold,
    Suspicious,
)
from zdm.execute.ports import Clock
from zdm.model import duration
from zdm.model.plan import Backfill
from zdm.postgres.backfill import wal_forecast
from zdm.postgres.backfill.key_ranges import Totals
from zdm.postgres.backfill.wal_forecast import Spent

FAR_OFF = 2.0  # times the planned WAL


def _over_plan(wal: int, planned: int | None) -> tuple[str, ...]:
    """A note where a backfill wrote much more WAL than was planned."""
    if not planned or wal <= FAR_OFF * planned:
        return ()
    return (f"it wrote {wal / planned:.1f} times the planned WAL",)


@dataclass(slots=True)
class Reporter:
    """Makes the events of one backfill."""

    step: Backfill
    shared: Shared
    clock: Clock
    tuning: Tuning = field(default_factory=Tuning)
    meter: Meter = field(default_factory=Meter)
    before: tuple[int, int] = (0, 0)  # rows scanned and changed by earlier attempts
    wal_before: int = 0
    estimate: int | None = None
    filling: float = 0.0  # seconds
    verifying: float = 0.0
    reported: float = 0.0

    def begin(self, totals: Totals) -> None:
        """Take up what the journal knows of earlier attempts."""
        tally = self.shared.tally.now
        self.estimate = totals.estimate
        self.before = (totals.scanned - tally.scanned, totals.changed - tally.changed)
        self.wal_before = totals.wal - tally.wal

    @property
    def wal(self) -> int:
        """Bytes of WAL, earlier attempts' included."""
        return self.wal_before + self.shared.tally.now.wal

    def expected(self) -> Expected | None:
        """What it will have cost, once enough was seen."""
        tally = self.shared.tally.now
        spent = Spent(
            scanned=self.before[0] + tally.scanned,
            changed=self.before[1] + tally.changed,
            wal=self.wal,
            estimate=self.estimate,
            batches=tally.batches,
        )
        return wal_forecast.expected(self.step.cost, spent, self.tuning.forecast_after)

    def warnings(self) -> Iterator[Suspicious]:
        """What the gates' thread noticed, and does not hold for."""
        for text in self.shared.notices.take_warnings():
            yield Suspicious(id=self.step.id, reason=text)

    def where_due(self, *, verifying: bool = False) -> Iterator[BackfillProgress]:
        """Progress, twice a second at the most."""
        now = self.clock.monotonic()
        if now - self.reported >= self.tuning.report_every.total_seconds():
            self.reported = now
            yield self.progress(verifying=verifying)

    def progress(self, *, verifying: bool = False, waiting: str = "") -> BackfillProgress:
        """How far it is now."""
        permit, tally = self.shared.permit, self.shared.tally.now
        scanned = self.before[0] + tally.scanned
        holds = permit.holds  # once: a poll may come in between
        waiting = waiting or self._waiting(holds)
        self.meter.take(self.clock.monotonic(), scanned, tally.wal)
        left = None if self.estimate is None else max(self.estimate - scanned, 0)
        seen = self.meter.forecast(left=left, batches=tally.batches, held=bool(waiting))
        return BackfillProgress(
            id=self.step.id,
            table=str(self.step.table),
            scanned=scanned,
            estimate=self.estimate,
            changed=self.before[1] + tally.changed,
            batch=tally.size,
            batch_time=tally.batch_time,
            rate=seen.rate,
            eta=seen.low,
            eta_high=seen.high,
            verifying=verifying,
            waiting=waiting,
            holds=holds,
            workers=permit.allowed,
            wal_rate=seen.wal_rate,
            rest=tally.rest.length,
            rest_reason=tally.rest.reason,
            expected=self.expected(),
        )

    def _waiting(self, holds: tuple[Hold, ...]) -> str:
        """Why nothing moves, in words; empty where it does."""
        if self.shared.permit.vacuuming:
            return "VACUUM, so that later batches reuse the space"
        if holds:
            now = self.clock.now()
            ages = [duration.text(max(now - hold.since, timedelta(0))) for hold in holds]
            return "; ".join(
                f"{hold.reason} for {age}" for hold, age in zip(holds, ages, strict=True)
            )
        return "; ".join(self.shared.notices.waiting)

    def end(self, totals: Totals) -> Iterator[BackfillEvent]:
        """What it cost, and a warning where its success is suspicious."""
        tally, step = self.shared.tally.now, self.step
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
            held=tuple(sorted(tally.held_time.items())),
            retries=tuple(sorted(tally.retries.items())),
            notes=(*self.shared.notices.notes, *_over_plan(totals.wal, step.cost.wal_bytes)),
        )
        if totals.scanned and not totals.changed:
            yield Suspicious(
                id=step.id,
                reason=f"the backfill read {totals.scanned} rows of {step.table} and"
                " changed none",
            )
