"""Network round trips, which are no work of the server's; pure.

A batch is several statements, each of them one round trip. To a server one millisecond away
these take longer than a batch of a busy server is meant to last, and they slow down no other
session. So they are subtracted before a batch's time decides on its size and its rest. BEGIN,
which does least, gives an upper bound of one round trip.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

REMEMBERED = 20  # batches: the shortest of them, for a busy processor makes it longer


@dataclass(slots=True)
class RoundTrip:
    """How long recent round trips took."""

    seen: deque[timedelta] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, time: timedelta) -> None:
        """Add one that did next to nothing at the server."""
        self.seen.append(time)

    def without(self, time: timedelta, statements: int) -> timedelta:
        """A time without the round trips of this many statements."""
        shortest = min(self.seen, default=timedelta(0))
        return max(time - statements * shortest, timedelta(0))
