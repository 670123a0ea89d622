"""How large the next batch is, and how long to pause after it; pure.

The size follows what a key costs: durations are divided by their keys before the percentile
is taken, since a percentile over batches of different sizes swings (one slow batch pinned
the size to the floor for ten). A batch also has a cap of WAL, because time alone misleads
while the server is under write pressure.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from zdm.backfill.server_load import UNKNOWN, Others

MIB = 1024 * 1024
PANIC = 3.0  # times the target
STUTTER = timedelta(milliseconds=100)  # a machine may lose it by itself: no reason to panic
TRANSACTIONS = 10.0  # of others, that a batch may last
GROWTH = 2.0
WINDOW = 10  # batches whose cost per key is remembered
PERCENTILE = 0.9
TOO_LONG = timedelta(milliseconds=750)  # for a batch of the smallest size
QUIET = 0.1  # active sessions of others that make no difference
FLOORED = 5  # batches at the floor and still too long: the server is overloaded
LONGEST_PART = timedelta(seconds=1)  # of a rest
LONG_HOLD = timedelta(minutes=1)  # after which what was learnt no longer counts


class Pace(Struct, frozen=True, kw_only=True):
    """The limits of batch sizes and the duty cycle of one pacing."""

    target: timedelta  # of a batch
    shortest: timedelta  # that it is at least meant to last, beside short transactions
    at_first: timedelta  # the target while the server's load is not known
    first: int
    smallest: int
    largest: int
    wal_cap: int  # bytes of one batch
    pause: timedelta  # at the least between two batches
    rest: float  # seconds of it for one second of work
    rest_when_busy: float  # more of it for each active session of others, up to one
    takes_table: bool = False  # while nobody else uses it, for the length of a batch


@dataclass(slots=True)
class Controller:
    """One worker's batch size; `cost` is seconds per key, `wal_per_key` bytes."""

    pace: Pace
    size: int = 0
    floor: int = 0
    costs: tuple[float, ...] = ()
    wal_per_key: float = 0.0
    slow: int = 0  # batches at the floor that were still too long
    target: timedelta = timedelta(0)  # that the next batch is to last

    def __post_init__(self) -> None:
        """Start at the pace's first size."""
        self.size = self.size or self.pace.first
        self.floor = self.pace.smallest
        self.target = self.pace.target

    def aim(self, others: Others) -> None:
        """Keep a batch as short as a few transactions of the other sessions."""
        wanted = self.pace.target
        if others == UNKNOWN:
            wanted = self.pace.at_first
        elif others.sessions > QUIET:
            wanted = min(wanted, TRANSACTIONS * others.transaction)
        self.target = max(wanted, self.pace.shortest)

    def learn(self, time: timedelta, keys: int, wal: int, *, grow: bool = True) -> None:
        """Learn from a batch; a much too long one halves the size and forgets."""
        if keys < 1:
            return
        if wal > 0:
            self.wal_per_key = wal / keys
        if time > max(PANIC * self.target, STUTTER):
            floored = self.size <= self.floor and time > TOO_LONG
            self.slow = self.slow + 1 if floored else 0
            self.panic()
            return
        self.slow = 0
        self.costs = (*self.costs, time.total_seconds() / keys)[-WINDOW:]
        affordable = self.target.total_seconds() / max(self._high_cost(), 1e-12)
        wanted = min(self.size * GROWTH, affordable)
        if not grow:
            wanted = min(wanted, self.size)
        self._set(wanted)

    def _high_cost(self) -> float:
        """The 90th percentile of the cost per key."""
        ordered = sorted(self.costs)
        return ordered[math.ceil(len(ordered) * PERCENTILE) - 1]

    def _set(self, wanted: float) -> None:
        size = min(max(wanted, self.floor), self.pace.largest)
        if self.wal_per_key:
            size = min(size, max(self.pace.wal_cap / self.wal_per_key, self.floor))
        self.size = max(1, int(size))

    def panic(self) -> None:
        """Halve the size after a failure or a long batch."""
        self.size = max(self.floor, self.size // 2)
        self.costs = ()

    def below_the_floor(self) -> None:
        """Batches of the smallest size time out: go down to single rows."""
        self.floor = 1
        self.panic()

    def after_hold(self, duration: timedelta) -> None:
        """A long hold makes what was learnt worthless."""
        if duration > LONG_HOLD:
            self.costs = ()
            self.size = min(self.size, self.pace.first)

    @property
    def overloaded(self) -> bool:
        """Whether smaller batches do not help any more."""
        return self.slow >= FLOORED


def rest_after(pace: Pace, work: timedelta, sessions: float) -> timedelta:
    """How long to rest after a batch: longer the more other sessions are active."""
    busy = min(max(sessions - QUIET, 0.0), 1.0)
    return max(pace.pause, (pace.rest + pace.rest_when_busy * busy) * work)


def parts(duration: timedelta, longest: timedelta = LONGEST_PART) -> list[timedelta]:
    """A rest in equal parts: what ends a backfill must not wait for the whole of it."""
    count = math.ceil(duration / longest)
    return [duration / count] * count if count > 0 else []


class Rest(Struct, frozen=True):
    """A pause after a batch, and why it is longer than usual, if it is."""

    length: timedelta = timedelta(0)
    reason: str = ""


def rest(pace: Pace, batch: tuple[timedelta, int], others: Others, budget: float) -> Rest:
    """The rest after a batch of this time and bytes of WAL, so that WAL stays within
    `budget` bytes per second, too."""
    work, wal = batch
    usual = rest_after(pace, work, 0.0)
    longer = rest_after(pace, work, others.sessions)
    for_wal = timedelta(seconds=wal / budget) - work if pace.rest else timedelta(0)
    if for_wal > longer:
        return Rest(for_wal, "the WAL budget")
    if longer > usual:
        return Rest(longer, f"{others.sessions:.1f} other sessions active")
    return Rest(usual)
