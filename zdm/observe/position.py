"""Where a run is, followed from its events: the context of every log line and span."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from zdm.execute.events import (
    BackfillProgress,
    Event,
    PointOfNoReturn,
    RunStarted,
    StepDone,
    StepReverted,
    StepStarted,
    Suspicious,
    Waiting,
)
from zdm.execute.recorder import BACKFILL_GATE


@dataclass(slots=True)
class Position:
    """The run, and the step it is at."""

    run: int | None = None
    plan: str | None = None
    step: str | None = None
    phase: str | None = None
    is_done: bool = False  # the step: what comes next is not about it

    def follow(self, event: Event) -> None:
        """Move to where the event says the run is."""
        if self.is_done:
            self.step = self.phase = None
        self.is_done = isinstance(event, StepDone)
        match event:
            case RunStarted():
                self.run, self.plan = event.run, event.plan
            case StepStarted() | StepDone():
                self.step, self.phase = event.id, event.phase.value
            case BackfillProgress() | Suspicious() | StepReverted():
                self.step = event.id
            case PointOfNoReturn():
                self.step = event.step
            case _:
                pass


class TimedWait(Struct, frozen=True, kw_only=True):
    """One wait: for what, and since when."""

    gate: str
    reason: str
    since: datetime


@dataclass(slots=True)
class Waits:
    """The wait that lasts, from events that repeat it and one that ends it."""

    now: TimedWait | None = None
    seconds: dict[str, float] = field(default_factory=dict)  # of waits that ended, by gate

    def follow(self, event: Event, at: datetime) -> tuple[TimedWait | None, TimedWait | None]:
        """The wait that this event ends and the one that it begins, if it does."""
        wanted = _wait(event, at)
        before = self.now
        if before is not None and wanted is not None and before.gate == wanted.gate:
            return None, None
        self.now = wanted
        if before is not None:
            spent = max(at - before.since, timedelta(0)).total_seconds()
            self.seconds[before.gate] = self.seconds.get(before.gate, 0.0) + spent
        return before, wanted

    def total(self, at: datetime) -> dict[str, float]:
        """Seconds by gate, the wait that lasts included."""
        found = dict(self.seconds)
        if self.now is not None:
            lasted = max(at - self.now.since, timedelta(0)).total_seconds()
            found[self.now.gate] = found.get(self.now.gate, 0.0) + lasted
        return found


def _wait(event: Event, at: datetime) -> TimedWait | None:
    match event:
        case Waiting():
            return TimedWait(gate=event.gate, reason=event.reason, since=event.since)
        case BackfillProgress(holds=(hold, *_)):  # the first to hold it; others may too
            return TimedWait(gate=hold.gate, reason=hold.reason, since=hold.since)
        case BackfillProgress() if event.waiting:
            return TimedWait(gate=BACKFILL_GATE, reason=event.waiting, since=at)
        case _:
            return None
