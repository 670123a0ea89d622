"""How many other sessions are active on average, and how long a transaction takes; pure.

PostgreSQL counts for each database the time that its sessions spend in statements
(pg_stat_database.active_time, 14 on). Its growth in a second, less our own part, is the number
of other sessions that were active (Little's law). A session reports once a second at most, so
the value is some seconds old.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec import Struct

WINDOW_SECONDS = 10.0
ENOUGH = timedelta(seconds=2)  # of samples, before they are believed
COUNTED = 0.3  # of our own time that must be in the sum, else nothing is counted there


class Others(Struct, frozen=True):
    """Other sessions: active ones on average, and the length of a usual transaction."""

    sessions: float
    transaction: timedelta


UNKNOWN = Others(1.0, timedelta(0))  # a server whose load is unknown counts as busy


class Activity(Struct, frozen=True):
    """The server's counters: active time and transactions, of all sessions."""

    time: timedelta
    transactions: int


class _Sample(Struct, frozen=True):
    at: float
    all_sessions: Activity
    ours: timedelta


@dataclass(slots=True)
class Load:
    """Samples of the last seconds."""

    enough: timedelta = ENOUGH
    samples: deque[_Sample] = field(default_factory=deque)

    def take(self, at: float, all_sessions: Activity, ours: timedelta) -> None:
        """Add the counters at a monotonic clock's reading."""
        self.samples.append(_Sample(at, all_sessions, ours))
        while at - self.samples[0].at > WINDOW_SECONDS:
            self.samples.popleft()

    @property
    def others(self) -> Others:
        """What others did in the last seconds."""
        first, last = self.samples[0], self.samples[-1]
        passed = timedelta(seconds=last.at - first.at)
        ours = last.ours - first.ours
        total = last.all_sessions.time - first.all_sessions.time
        if passed < self.enough or total < COUNTED * ours:
            return UNKNOWN
        theirs = max(timedelta(0), total - ours)
        transactions = last.all_sessions.transactions - first.all_sessions.transactions
        return Others(theirs / passed, theirs / max(1, transactions))
