"""What a backfill counts: batches, rows, WAL, seconds, retries.

The counts are one frozen value that is replaced under a lock, so that whoever reads it,
without the lock, sees all numbers of one moment.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from zdm.backfill.batch_size import Rest
from zdm.backfill.wal_attribution import WalMeter
from zdm.execute.events import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Since this process began the backfill."""

    scanned: int = 0
    changed: int = 0
    batches: int = 0
    wal: int = 0  # bytes
    size: int = 0  # of the last batch
    seconds: float = 0.0  # of the last batch
    rest: Rest = field(default_factory=Rest)  # after the last batch
    worked_seconds: float = 0.0  # of all batches and reads
    retries: Mapping[str, int] = field(default_factory=dict)  # by SQLSTATE
    held_seconds: Mapping[str, float] = field(default_factory=dict)  # by gate


@dataclass(slots=True)
class Tally:
    """Written by the workers and the gates' thread, read by the reporter."""

    wal_meter: WalMeter = field(default_factory=WalMeter)  # has a lock of its own
    _now: Counts = field(default_factory=Counts)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> Counts:
        """The counts at this moment."""
        return self._now

    def batch(self, keys: int, changed: int, wal: int, *, size: int, seconds: float) -> None:
        """Count a batch."""
        with self._lock:
            now = self._now
            self._now = replace(
                now,
                scanned=now.scanned + keys,
                changed=now.changed + changed,
                wal=now.wal + wal,
                batches=now.batches + 1,
                size=size,
                seconds=seconds,
                worked_seconds=now.worked_seconds + seconds,
            )

    def rests(self, rest: Rest) -> None:
        """How long a worker rests after its batch, and why."""
        with self._lock:
            self._now = replace(self._now, rest=rest)

    def read(self, seconds: float) -> None:
        """Count a read of rows, which is work of ours, too."""
        with self._lock:
            self._now = replace(self._now, worked_seconds=self._now.worked_seconds + seconds)

    def failed(self, sqlstate: str | None) -> None:
        """Count a batch that failed."""
        with self._lock:
            retries = self._now.retries
            code = sqlstate or "lost"
            self._now = replace(self._now, retries={**retries, code: retries.get(code, 0) + 1})

    def held(self, holds: Iterable[Hold], seconds: float) -> None:
        """Count the time for which gates held."""
        with self._lock:
            held = dict(self._now.held_seconds)
            for hold in holds:
                held[hold.gate] = held.get(hold.gate, 0.0) + seconds
            self._now = replace(self._now, held_seconds=held)
