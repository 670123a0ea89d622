"""How fast a backfill is and when it ends: rates over the last minutes, as a range; pure.

Wall time counts, with pauses and holds, because that is what a person waits for. There
is no ETA while a gate holds, or before enough was seen.
"""

import itertools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec import Struct

WINDOW_SECONDS = 300.0
HALF_LIFE = 60.0  # an older rate counts half
ENOUGH = 20  # batches before there is an ETA
LONGEST_SECONDS = 10 * 365 * 86_400.0  # of an ETA
FEW = 3  # rates that a range needs


class _Sample(Struct, frozen=True):
    at: float
    rows: int
    wal: int


class Forecast(Struct, frozen=True, kw_only=True):
    """Rows and WAL bytes per second now; the end between `low` and `high` from now."""

    rate: float | None = None
    wal_rate: float | None = None
    low: timedelta | None = None
    high: timedelta | None = None


@dataclass(slots=True)
class Meter:
    """Samples of the last minutes."""

    samples: deque[_Sample] = field(default_factory=deque)

    def take(self, at: float, rows: int, wal: int) -> None:
        """Look at the counters at a time in seconds."""
        self.samples.append(_Sample(at, rows, wal))
        while at - self.samples[0].at > WINDOW_SECONDS:
            self.samples.popleft()

    def forecast(self, *, left: int | None, batches: int, held: bool) -> Forecast:
        """The rates of the samples, and when the rows that are left are done."""
        if len(self.samples) < 2:
            return Forecast()
        rate = self._weighted(lambda one, two: two.rows - one.rows)
        wal = self._weighted(lambda one, two: two.wal - one.wal)
        rates = sorted(
            (two.rows - one.rows) / (two.at - one.at) for one, two in self._windows()
        )
        if left is None or held or batches < ENOUGH or len(rates) < FEW or rates[-1] <= 0:
            return Forecast(rate=rate, wal_rate=wal)
        slow, fast = _at(rates, 0.1), _at(rates, 0.9)
        return Forecast(
            rate=rate,
            wal_rate=wal,
            low=None if fast <= 0 else _duration(left, fast),
            high=None if slow <= 0 else _duration(left, slow),
        )

    def _windows(self) -> list[tuple[_Sample, _Sample]]:
        """About thirty pairs of samples that follow each other."""
        step = max(1, len(self.samples) // 30)
        thinned = list(self.samples)[::-step][::-1]
        return [(a, b) for a, b in itertools.pairwise(thinned) if b.at > a.at]

    def _weighted(self, grown: Callable[[_Sample, _Sample], int]) -> float | None:
        now = self.samples[-1].at
        total = weight = 0.0
        for one, two in self._windows():
            share = math.exp2((two.at - now) / HALF_LIFE)
            total += grown(one, two) * share
            weight += (two.at - one.at) * share
        return total / weight if weight else None


def _duration(left: int, rate: float) -> timedelta:
    return timedelta(seconds=min(left / rate, LONGEST_SECONDS))


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * share) - 1))]
