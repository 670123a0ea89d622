"""What the threads of one backfill share: three values with one purpose each, and its backends.

Each has its own lock, and none calls another while it holds it.
"""

import threading
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from zdm.backfill.notices import Notices
from zdm.backfill.permit import Permit
from zdm.backfill.tally import Tally


@dataclass(slots=True)
class Backends:
    """The process ids of the workers' sessions, and whose statement zdm cancelled; all is
    read and written under one lock."""

    _cancelled: dict[int, bool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pids(self) -> list[int]:
        """All of them."""
        with self._lock:
            return list(self._cancelled)

    def add(self, pid: int) -> None:
        """A session of this backfill."""
        with self._lock:
            self._cancelled[pid] = False

    def cancel(self, pid: int) -> None:
        """Note that a session's statement is cancelled by zdm."""
        with self._lock:
            self._cancelled[pid] = True

    def was_cancelled(self, pid: int) -> bool:
        """Whether zdm cancelled that session's statement; asked once."""
        with self._lock:
            was = self._cancelled.get(pid, False)
            self._cancelled[pid] = False
            return was


class Shared(Struct, frozen=True):
    """By the workers, the gates' thread and the thread that reports."""

    permit: Permit  # what allows
    tally: Tally = msgspec.field(default_factory=Tally)  # what counts
    notices: Notices = msgspec.field(default_factory=Notices)  # what is noticed
    backends: Backends = msgspec.field(default_factory=Backends)
