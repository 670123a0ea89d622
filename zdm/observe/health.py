"""Whether a run is healthy, for probes: it makes progress, or it waits and reports why.

A statement may run for hours in the server without an event (CREATE INDEX CONCURRENTLY), and so
may ANALYZE or VACUUM after a backfill's last batch. So silence counts as a fault only while the
runner polls: while it waits at a gate, and between a backfill's batches.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from zdm.execute.events import (
    BackfillProgress,
    Event,
    GateClear,
    Listening,
    RunStarted,
    StepStarted,
    Waiting,
)
from zdm.model import duration

SILENCE = timedelta(minutes=15)  # longer than any pause of the executor; a probe kills it
# Gates that are polled until an event reports them clear. After any other wait (for a lock, a
# connection, the end of a pause) a long statement may follow without an event.
_ASKED_AGAIN = frozenset(
    {
        "lock holder",
        "a person",
        "rollout",
        "version",
        "old version",
        "sessions",
        "unknown",
        "soak",
        "revert window",
    }
)


class Answer(Struct, frozen=True):
    """The answer to a probe."""

    ok: bool
    text: str


@dataclass(slots=True)
class Health:
    """An Observer that remembers the last event and its time."""

    now: Callable[[], datetime]
    begun: bool = False  # the lock is claimed and the run recorded
    doing: str = "waiting for its first event"
    looks_again: bool = False
    heard: datetime = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.heard = self.now()

    def notify(self, event: Event) -> None:
        """Update the state with one event."""
        with self.lock:
            if isinstance(event, Listening):
                return
            self.heard = self.now()
            self.begun = self.begun or isinstance(event, RunStarted)
            self.doing, self.looks_again = _doing(event)

    def alive(self) -> Answer:
        """Whether to leave it running; reveals no names of sessions and no queries."""
        with self.lock:
            silent = self.now() - self.heard
            if self.looks_again and silent > SILENCE:
                return Answer(
                    False, f"no event for {duration.text(silent)}; it was last {self.doing}"
                )
            return Answer(True, self.doing)

    def ready(self) -> Answer:
        """Whether it is the executor of its database."""
        with self.lock:
            if self.begun:
                return Answer(True, "the run is begun")
            return Answer(False, f"the run is not begun: {self.doing}")


def _doing(event: Event) -> tuple[str, bool]:
    match event:
        case Waiting():
            since = event.since.isoformat(timespec="seconds")
            return f"waiting for {event.gate} since {since}", event.gate in _ASKED_AGAIN
        case BackfillProgress() if event.verifying:
            return f"verifying {event.table}", False
        case BackfillProgress():
            held = ", held by a gate" if event.waiting else ""
            return f"filling {event.table}{held}", True
        case GateClear():
            # after the last of them a contract statement runs
            return "polling whether the old version is gone", event.polls < event.needed
        case StepStarted():
            return f"running step {event.id}", False
        case _:
            return "moving", False
