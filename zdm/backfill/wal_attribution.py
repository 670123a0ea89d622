"""Bytes of WAL by batch, though batches of several workers overlap: each byte counts once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

# for another worker's checkpoint; one whose connection hangs takes long
PATIENCE = timedelta(seconds=1)


@dataclass(slots=True)
class WalMeter:
    """How far the WAL is attributed to batches, shared by the workers of a backfill."""

    patience: timedelta = PATIENCE
    attributed: int = 0  # bytes since the beginning of all WAL
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, began: int, checkpoint: Callable[[int], int]) -> int:
        """Bytes of a batch that began there; `checkpoint` is given where the
        batch's own WAL starts, and returns where it ends. One at a time, if possible: batches
        that end together would both count what they wrote side by side."""
        is_alone = self._lock.acquire(timeout=self.patience.total_seconds())
        try:
            start = max(began, self.attributed)
            end = checkpoint(start)
            self.attributed = max(self.attributed, end)
        finally:
            if is_alone:
                self._lock.release()
        return max(end - start, 0)
