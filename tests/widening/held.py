"""How long a session of zdm holds a table ACCESS EXCLUSIVE, as another session sees it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

_HELD = (
    b"SELECT FROM pg_locks WHERE relation = 'customers'::regclass"
    b" AND mode = 'AccessExclusiveLock' AND granted"
)
_BETWEEN_SECONDS = 0.001


@dataclass(slots=True)
class Held:
    """The times, in milliseconds and in order."""

    times: list[float] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        """The longest of them."""
        return max(self.times, default=0.0)


def _look(url: str, over: threading.Event, held: Held) -> None:
    with psycopg.connect(url, autocommit=True) as own:
        since: float | None = None
        while not over.is_set():
            there = bool(own.execute(_HELD).fetchall())
            now = time.monotonic()
            if there and since is None:
                since = now
            elif not there and since is not None:
                held.times.append(1000 * (now - since))
                since = None
            time.sleep(_BETWEEN_SECONDS)


@contextmanager
def watching(url: str) -> Iterator[Held]:
    """What is seen while the block runs."""
    held, over = Held(), threading.Event()
    thread = threading.Thread(target=_look, args=(url, over, held))
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()
