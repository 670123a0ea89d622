"""A clock that moves when somebody sleeps."""

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

    def sleep(self, duration: timedelta) -> None:
        """Move on."""
        self.slept.append(duration)
        self.time += duration
