"""Tells the journal what a run waits for, so that `zdm status` can say it from anywhere."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from zdm.errors import TemporaryError
from zdm.execute.events import Event, Waiting
from zdm.execute.ports import Clock, Database, Observer

REFRESH = timedelta(seconds=5)  # the same wait is said again no sooner


@dataclass(slots=True)
class Recorder:
    """Satisfies Observer: passes everything on, and notes waits in the journal."""

    seen_by: Observer
    database: Database
    clock: Clock
    waiting: Waiting | None = None
    noted_at: datetime | None = None

    def notify(self, event: Event) -> None:
        """Best effort: a note that cannot be written must not stop a run."""
        self.seen_by.notify(event)
        with suppress(TemporaryError):
            if isinstance(event, Waiting):
                self._waits(event)
            elif self.waiting is not None:
                self.database.note(None)
                self.waiting = None

    def _waits(self, event: Waiting) -> None:
        now = self.clock.now()
        same = self.waiting is not None and self.waiting.gate == event.gate
        if same and self.noted_at is not None and now - self.noted_at < REFRESH:
            return
        self.database.note(event)
        self.waiting, self.noted_at = event, now
