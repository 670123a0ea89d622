"""Network round trips, which are no work of the server's; pure.

A batch is several statements, each of them one round trip. To a server one millisecond away
these take longer than a batch of a busy server is meant to last, and they slow down no other
session. So they are subtracted before a batch's time decides on its size and its rest. BEGIN,
which does least, gives an upper bound of one round trip.
"""

from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 20  # batches: the shortest of them, for a busy processor makes it longer


@dataclass(slots=True)
class RoundTrip:
    """How long one took lately."""

    seen: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, seconds: float) -> None:
        """One that did next to nothing at the server."""
        self.seen.append(seconds)

    def without(self, seconds: float, statements: int) -> float:
        """What is left of the seconds without the round trips of so many statements."""
        return max(seconds - statements * min(self.seen, default=0.0), 0.0)
