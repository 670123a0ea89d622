"""Records in the journal what a run waits for, so that `zdm status` shows it anywhere."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from zdm.errors import StoppedError, TemporaryError
from zdm.execute.events import BackfillProgress, Event, RunStarted, Waiting
from zdm.execute.ports import Clock, Database, Observer

BACKFILL_GATE = "backfill"  # that no gate holds: a batch is tried again, a vacuum runs
REFRESH = timedelta(seconds=5)  # between two records of the same wait


@dataclass(slots=True)
class Recorder:
    """Satisfies Observer: passes events on, and records waits in the journal."""

    seen_by: Observer
    database: Database
    clock: Clock
    waiting: Waiting | None = None
    noted_at: datetime | None = None

    def notify(self, event: Event) -> None:
        """Best effort: a note that cannot be written must not stop a run."""
        self.seen_by.notify(event)
        with suppress(TemporaryError, StoppedError):
            waiting = self._wait(event)
            if waiting is not None:
                self._waits(waiting)
            elif self.waiting is not None or isinstance(event, RunStarted):  # or another's
                self.database.orders.note(None)
                self.waiting = None

    def _wait(self, event: Event) -> Waiting | None:
        """The wait that an event reports; a backfill's holds are one, too."""
        match event:
            case Waiting():
                return event
            case BackfillProgress(holds=(hold, *_)):
                reason = "; ".join(one.reason for one in event.holds)
                return Waiting(gate=hold.gate, reason=reason, since=hold.since)
            case BackfillProgress() if event.waiting:
                before = self.waiting
                is_same = before is not None and before.gate == BACKFILL_GATE
                since = before.since if before and is_same else self.clock.now()
                return Waiting(gate=BACKFILL_GATE, reason=event.waiting, since=since)
            case _:
                return None

    def _waits(self, event: Waiting) -> None:
        now = self.clock.now()
        same = self.waiting is not None and self.waiting.gate == event.gate
        if same and self.noted_at is not None and now - self.noted_at < REFRESH:
            return
        self.database.orders.note(event)
        self.waiting, self.noted_at = event, now
