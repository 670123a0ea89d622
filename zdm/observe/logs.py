"""A run as JSON lines: one object per event, each with run, plan, step, phase and reason.

A log of a long run must stay readable, so what repeats (a wait, a backfill's progress) is
written at once when it is new and then once in a while.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TextIO

from zdm.execute.events import (
    BackfillProgress,
    Event,
    GateClear,
    RunFailed,
    Suspicious,
    Waiting,
)
from zdm.model.release import Version
from zdm.observe.position import Position
from zdm.serialize import codec

EVERY = timedelta(minutes=1)  # between two lines about the same wait or backfill
_GIVEN_BY_POSITION = frozenset({"id", "run", "plan", "step", "phase"})
_CODECS: codec.Codecs = {
    datetime: codec.Codec(encode=datetime.isoformat, decode=datetime.fromisoformat, schema={}),
    timedelta: codec.Codec(
        encode=timedelta.total_seconds, decode=lambda data: timedelta(seconds=data), schema={}
    ),
    Version: codec.Codec(encode=str, decode=Version, schema={}),
}


class JsonLog:
    """An Observer that writes one JSON object per line."""

    def __init__(
        self, stream: TextIO, now: Callable[[], datetime], *, every: timedelta = EVERY
    ) -> None:
        self._stream = stream
        self._now = now
        self._every = every
        self._position = Position()
        self._written: dict[str, datetime] = {}  # what repeats, and when it was last written

    def notify(self, event: Event) -> None:
        """Write one event, unless it repeats what was written a moment ago."""
        self._position.follow(event)
        at = self._now()
        if not self._is_due(event, at):
            return
        self._stream.write(json.dumps(self._line(event, at), ensure_ascii=False) + "\n")
        self._stream.flush()

    def _is_due(self, event: Event, at: datetime) -> bool:
        about = _repeats(event)
        if not about:
            self._written.clear()
            return True
        last = self._written.get(about)
        if last is not None and at - last < self._every:
            return False
        self._written[about] = at
        return True

    def _line(self, event: Event, at: datetime) -> dict[str, Any]:
        content = {
            name: codec.to_plain(getattr(event, name), _CODECS)
            for name in event.__struct_fields__
            if name not in _GIVEN_BY_POSITION
        }
        reason = content.pop("reason", "") or content.pop("waiting", "")
        return {
            "time": at.isoformat(timespec="milliseconds"),
            "level": _level(event),
            "event": event_name(event),
            "run": self._position.run,
            "plan": self._position.plan,
            "step": self._position.step,
            "phase": self._position.phase,
            "reason": reason,
            **content,
        }


def event_name(event: Event) -> str:
    """`StepDone` as `step_done`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()


def _repeats(event: Event) -> str:
    match event:
        case Waiting():
            return f"waiting for {event.gate}"
        case BackfillProgress():
            return f"backfill {event.id} {event.table} {event.verifying} {bool(event.waiting)}"
        case GateClear():
            return "gate clear"
        case _:
            return ""


def _level(event: Event) -> str:
    match event:
        case RunFailed():
            return "error"
        case Waiting() | Suspicious():
            return "warning"
        case _:
            return "info"
