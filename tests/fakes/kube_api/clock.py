"""The server's time: it stands until a test moves it, or it follows real time."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def stamp(moment: datetime) -> str:
    """As the API writes times: whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime:
    """A time that the API wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def now_in_seconds() -> datetime:
    """The present."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True)
class SimulatedClock:
    """Starts at the present unless told otherwise, so that it agrees with real clients."""

    start: datetime = field(default_factory=now_in_seconds)
    _followed_since: float | None = None
    _speed: float = 1.0

    def now(self) -> datetime:
        """The time."""
        if self._followed_since is None:
            return self.start
        passed = (time.monotonic() - self._followed_since) * self._speed
        return self.start + timedelta(seconds=passed)

    def set(self, moment: datetime) -> None:
        """Stand at that time, or follow from there."""
        self.start = moment
        if self._followed_since is not None:
            self._followed_since = time.monotonic()

    def follow(self, speed: float) -> None:
        """Run, so many times as fast as real time."""
        self.start, self._followed_since, self._speed = self.now(), time.monotonic(), speed

    def stand(self) -> None:
        """Stop running."""
        self.start, self._followed_since = self.now(), None
