"""The way to the server and back, which is no work of the server's; pure.

A batch is several statements, and each goes to the server and comes back. Where the server is
a millisecond away, that is longer than a batch of a busy server is meant to last, and it
keeps nobody from working. So it is taken off before a batch's time decides on its size and
its rest. What does least, BEGIN, tells how long the way is at the most.
"""

from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 20  # batches: the shortest of them, for a busy processor makes it longer


@dataclass(slots=True)
class Way:
    """How long it was lately."""

    seen: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def took(self, seconds: float) -> None:
        """There and back, with nothing to do."""
        self.seen.append(seconds)

    def work(self, seconds: float, statements: int) -> float:
        """What is left of the seconds without the way of so many statements."""
        return max(seconds - statements * min(self.seen, default=0.0), 0.0)
