"""Waiting longer and longer between tries, as the kubelet does for restarts and pulls."""

from dataclasses import dataclass


@dataclass
class BackOff:
    """Doubles from `first` up to `most`; forgotten after twice `most` without a try."""

    first: float
    most: float
    current: float = 0.0
    tried: float = float("-inf")

    def tried_at(self, now: float) -> None:
        """Note one more try: the next one waits longer."""
        if now - self.tried > 2 * self.most or not self.current:
            self.current = self.first
        else:
            self.current = min(2 * self.current, self.most)
        self.tried = now

    def remaining(self, since: float, now: float) -> float:
        """Seconds until the next try, after something that happened at `since`."""
        return max(0.0, since + self.current - now)
