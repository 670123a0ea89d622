"""What a backfill counts: batches, rows, WAL, seconds, retries.

The counts are one frozen value that is replaced under a lock, so that a reader sees,
without the lock, all numbers of one moment.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from zdm.backfill.batch_size import Rest
from zdm.backfill.wal_attribution import WalMeter
from zdm.execute.events import Hold

NOTHING = timedelta(0)


class Counts(Struct, frozen=True, kw_only=True):
    """Since this process began the backfill."""

    scanned: int = 0
    changed: int = 0
    batches: int = 0
    wal: int = 0  # bytes
    size: int = 0  # of the last batch
    batch_time: timedelta = NOTHING  # of the last batch
    rest: Rest = Rest()  # after the last batch
    worked: timedelta = NOTHING  # in all batches and reads
    retries: Mapping[str, int] = msgspec.field(default_factory=dict)  # by SQLSTATE
    held_time: Mapping[str, timedelta] = msgspec.field(default_factory=dict)  # by gate


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

    def batch(self, keys: int, changed: int, wal: int, *, size: int, time: timedelta) -> None:
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
                batch_time=time,
                worked=now.worked + time,
            )

    def rests(self, rest: Rest) -> None:
        """How long a worker rests after its batch, and why."""
        with self._lock:
            self._now = replace(self._now, rest=rest)

    def read(self, time: timedelta) -> None:
        """Count a read of rows, which is work of ours, too."""
        with self._lock:
            self._now = replace(self._now, worked=self._now.worked + time)

    def failed(self, sqlstate: str | None) -> None:
        """Count a batch that failed."""
        with self._lock:
            retries = self._now.retries
            code = sqlstate or "lost"
            self._now = replace(self._now, retries={**retries, code: retries.get(code, 0) + 1})

    def held(self, holds: Iterable[Hold], time: timedelta) -> None:
        """Count the time for which gates held."""
        with self._lock:
            held = dict(self._now.held_time)
            for hold in holds:
                held[hold.gate] = held.get(hold.gate, NOTHING) + time
            self._now = replace(self._now, held_time=held)
