"""A request to stop, from a signal: no new work, and the running statement is cancelled."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from zdm.errors import TemporaryError


@dataclass(slots=True)
class StopFlag:
    """Set once; `cancel` is called in a thread, since a handler that raises while a statement
    runs leaves it running in the server (measured, PostgreSQL 18)."""

    event: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], None] | None = None

    def set(self) -> None:
        """Ask to stop; safe in a signal handler."""
        self.event.set()
        if self.cancel is not None:
            threading.Thread(target=self.cancel, daemon=True).start()

    @property
    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self.event.is_set()

    def check(self) -> None:
        """Raise TemporaryError where somebody asked to stop."""
        if self.is_set:
            raise TemporaryError(
                "stopped on request; the journal says where",
                hint="run the same command again to go on",
            )
