"""What a person should know of a backfill: waits, warnings, notes, rows that fail.

All is read and written under one lock.
"""

import threading
from dataclasses import dataclass, field

from msgspec import Struct


class FailingRow(Struct, frozen=True, kw_only=True):
    """A row, as people name it, and what PostgreSQL says of it."""

    step: str
    relation: str
    key: str  # `id = 5`
    reason: str

    def __str__(self) -> str:
        return f"{self.key} of {self.relation} ({self.reason})"


@dataclass(slots=True)
class Notices:
    """Written by the workers and the gates' thread, read by the reporter."""

    _waits: dict[str, str] = field(default_factory=dict)  # by worker
    _notes: dict[str, None] = field(default_factory=dict)  # in order, each once
    _failing: tuple[FailingRow, ...] = ()  # in this attempt
    _warned: set[str] = field(default_factory=set)
    _warnings: list[str] = field(default_factory=list)  # not reported yet
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def waits(self, worker: str, reason: str) -> None:
        """Why a worker waits."""
        with self._lock:
            self._waits[worker] = reason

    def continues(self, worker: str) -> None:
        """A worker waits no more."""
        with self._lock:
            self._waits.pop(worker, None)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Why workers wait, each reason once."""
        with self._lock:
            return tuple(dict.fromkeys(self._waits.values()))

    def note(self, text: str) -> None:
        """Something to report at the end."""
        with self._lock:
            self._notes[text] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to report at the end."""
        with self._lock:
            return tuple(self._notes)

    def warn(self, about: str, text: str) -> None:
        """Something to report now; of each thing once."""
        with self._lock:
            if about not in self._warned:
                self._warned.add(about)
                self._warnings.append(text)

    def take_warnings(self) -> list[str]:
        """The warnings that were not reported yet."""
        with self._lock:
            taken, self._warnings = self._warnings, []
            return taken

    def fails(self, row: FailingRow) -> tuple[FailingRow, ...]:
        """Add a row that cannot be filled; all of them."""
        with self._lock:
            self._failing = (*self._failing, row)
            return self._failing

    @property
    def failing(self) -> tuple[FailingRow, ...]:
        """The rows that cannot be filled."""
        with self._lock:
            return self._failing
