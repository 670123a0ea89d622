"""A request to stop, from a signal: no new work, and the running statement is cancelled."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.errors import TemporaryError
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock

AGAIN = timedelta(seconds=0.5)


@dataclass(slots=True)
class StopFlag:
    """Set once; `cancel` is called in a thread, since a handler that raises while a statement
    runs leaves it running in the server (measured, PostgreSQL 18).

    It is called repeatedly until it returns that nothing is left to cancel: a cancel that
    arrives between two statements hits neither.
    """

    event: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], bool] | None = None
    clock: Clock = field(default_factory=SystemClock)

    def set(self) -> None:
        """Ask to stop; safe in a signal handler."""
        self.event.set()
        if self.cancel is not None:
            threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        while self.cancel is not None and self.cancel():
            self.clock.sleep(AGAIN)

    @property
    def is_set(self) -> bool:
        """Whether a stop was requested."""
        return self.event.is_set()

    def check(self) -> None:
        """Raise TemporaryError if a stop was requested."""
        if self.is_set:
            raise TemporaryError(
                "stopped on request; the journal holds what was done",
                hint="run the same command again to continue",
            )
