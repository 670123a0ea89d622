"""Clocks of tests: one that only sleeping moves, and a real one in which nobody waits."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """Satisfies `zdm.execute.ports.Clock`; sleeping takes no time."""

    time: datetime = START
    slept: list[timedelta] = field(default_factory=list)

    def now(self) -> datetime:
        """The time."""
        return self.time

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self.time - START).total_seconds()

    def sleep(self, duration: timedelta) -> None:
        """Move on."""
        self.slept.append(duration)
        self.time += duration


@dataclass(slots=True)
class SkippingClock:
    """Satisfies `zdm.execute.ports.Clock` beside a real server, whose work takes real time:
    a sleep counts in full and is over at once.

    It counts for the thread that slept. If it did for all, the rest of one worker would be
    part of what another one's batch took, after which that one rests longer, and so on.
    """

    slept: list[timedelta] = field(default_factory=list)
    own: threading.local = field(default_factory=threading.local)

    @property
    def skipped(self) -> timedelta:
        """What this thread slept."""
        found: timedelta = getattr(self.own, "skipped", timedelta(0))
        return found

    def now(self) -> datetime:
        """The time, with what was skipped."""
        return datetime.now(UTC) + self.skipped

    def monotonic(self) -> float:
        """Seconds, with those that were skipped."""
        return time.monotonic() + self.skipped.total_seconds()

    def sleep(self, duration: timedelta) -> None:
        """Skip, and let other threads run."""
        self.slept.append(duration)
        self.own.skipped = self.skipped + duration
        time.sleep(0)
