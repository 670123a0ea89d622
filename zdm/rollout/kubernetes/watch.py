"""A pause that ends early when a pod changes: finite watches, and nothing depends on them.

Each namespace is watched in a thread of its own, so neither a half-open connection nor a slow
name server makes a pause longer. What a watch misses (no permission, an expired version, a
server that is away) is found by the next LIST, at the end of the whole pause.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread

from zdm.errors import RefusedError, StoppedError, TemporaryError
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock
from zdm.rollout.kubernetes.api import PODS, WatchApi

SHORTEST = 0.5  # seconds between two polls, however much happens
REFUSED_SECONDS = 60.0  # before a watch that is refused is tried again
LONGEST_EVENT = 4_000_000  # bytes; etcd holds no larger object


@dataclass(slots=True)
class PodWatch:
    """Pauses that know the pods of some namespaces."""

    api: WatchApi
    namespaces: tuple[str, ...]
    clock: Clock = field(default_factory=SystemClock)
    _changed: Event = field(default_factory=Event)
    _threads: dict[str, Thread] = field(default_factory=dict)
    _refused: dict[str, float] = field(default_factory=dict)

    def pause(self, duration: timedelta) -> None:
        """Wait that long; a change since the latest list ends it early, if not at once."""
        seconds = max(duration.total_seconds(), 0.0)
        began = self.clock.monotonic()
        for namespace in self.namespaces:
            self._watch(namespace, seconds)
        if self._changed.wait(seconds):
            self._changed.clear()
            rest = min(SHORTEST, seconds) - (self.clock.monotonic() - began)
            self.clock.sleep(timedelta(seconds=rest))

    def _watch(self, namespace: str, seconds: float) -> None:
        """One at a time in each namespace; one that still runs from before will do."""
        known = self._threads.get(namespace)
        if known is not None and known.is_alive():
            return
        if self.clock.monotonic() < self._refused.get(namespace, 0.0):
            return
        limit = max(math.ceil(seconds), 1)
        name = f"zdm watch {namespace}"
        thread = Thread(target=self._ask, args=(namespace, limit), name=name, daemon=True)
        self._threads[namespace] = thread
        thread.start()

    def _ask(self, namespace: str, seconds: int) -> None:
        try:
            with self.api.changes(PODS, namespace, seconds) as parts:
                if tells_of_a_change(parts):
                    self._changed.set()
        except (RefusedError, StoppedError):
            self._refused[namespace] = self.clock.monotonic() + REFUSED_SECONDS
        except TemporaryError:
            return  # the next list says what is wrong, if it still is


def tells_of_a_change(parts: Iterable[bytes]) -> bool:
    """Whether the first event of a watch is one of an object; not an error, not a bookmark."""
    text = b""
    for part in parts:
        text += part
        line, end, _ = text.partition(b"\n")
        if end:
            return _kind(line) in ("ADDED", "MODIFIED", "DELETED")
        if len(text) > LONGEST_EVENT:
            return False
    return False


def _kind(line: bytes) -> object:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event.get("type") if isinstance(event, dict) else None
