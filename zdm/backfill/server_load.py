"""How many sessions of others are at work on average, and how long a transaction takes; pure.

PostgreSQL counts for each database the time that its sessions spend in statements
(pg_stat_database.active_time, 14 on). What it grows by in a second, less our own part, is how
many sessions of others were at work (Little's law). A session reports once a second at most,
so the value looks some seconds back.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

WINDOW_SECONDS = 10.0
ENOUGH = timedelta(seconds=2)  # of samples, before they are believed
COUNTED = 0.3  # of our own time that must be in the sum, else nothing is counted there


@dataclass(frozen=True, slots=True)
class Others:
    """What others do: sessions at work on average, and seconds of a usual transaction."""

    sessions: float
    transaction: float


UNKNOWN = Others(1.0, 0.0)  # a server whose load is unknown counts as busy


@dataclass(frozen=True, slots=True)
class Activity:
    """The server's counters: seconds at work and transactions, of all sessions."""

    seconds: float
    transactions: int


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    all_sessions: Activity
    ours: float  # seconds


@dataclass(slots=True)
class Load:
    """Samples of the last seconds."""

    enough: timedelta = ENOUGH
    samples: deque[_Sample] = field(default_factory=deque)

    def take(self, at: float, all_sessions: Activity, ours: float) -> None:
        """Look at the counters at a time in seconds."""
        self.samples.append(_Sample(at, all_sessions, ours))
        while at - self.samples[0].at > WINDOW_SECONDS:
            self.samples.popleft()

    @property
    def others(self) -> Others:
        """What others did in the last seconds."""
        first, last = self.samples[0], self.samples[-1]
        seconds, ours = last.at - first.at, last.ours - first.ours
        total = last.all_sessions.seconds - first.all_sessions.seconds
        if seconds < self.enough.total_seconds() or total < COUNTED * ours:
            return UNKNOWN
        theirs = max(0.0, total - ours)
        transactions = last.all_sessions.transactions - first.all_sessions.transactions
        return Others(theirs / seconds, theirs / max(1, transactions))
