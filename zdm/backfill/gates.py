"""Gates of a backfill: from what was read to hold, freeze or go; pure.

A gate holds above its limit and lets go after three polls in a row at or below its resume
value, so that it does not flutter. What cannot be read is not green: a budget that may run
full (WAL, replicas, the archive) holds, a load that may be high freezes the batches' size.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from zdm.execute.events import Hold

POLLS = 3  # at or below the resume value, before it resumes
STALE = timedelta(seconds=15)  # without a fresh value


class Kind(Enum):
    """What an unreadable signal means."""

    BUDGET = "hold"
    LOAD = "freeze"


class Gate(Struct, frozen=True, kw_only=True):
    """One condition: hold above `limit` (for `delay`), resume at `resume`."""

    name: str
    kind: Kind
    limit: float
    resume: float
    delay: timedelta = timedelta(0)
    patience: timedelta | None = None  # after which it is no longer waited for


class Reading(Struct, frozen=True, kw_only=True):
    """A signal's value; `detail` has it in words, with the cause."""

    value: float
    detail: str = ""


class Unreadable(Struct, frozen=True, kw_only=True):
    """A signal could not be read."""

    reason: str


class Freeze(Struct, frozen=True, kw_only=True):
    """Continue and do not grow."""

    gate: str
    reason: str


class Moment(Struct, frozen=True, kw_only=True):
    """Now: seconds that only grow, and the time of day."""

    at: float
    time: datetime


@dataclass(slots=True)
class Judge:
    """One gate and what it remembers from poll to poll."""

    gate: Gate
    above_since: float | None = None
    holding_since: Moment | None = None
    blind_since: Moment | None = None
    below: int = 0
    read_at: float | None = None
    last: Reading | None = None

    def judge(self, seen: Reading | Unreadable, now: Moment) -> Hold | Freeze | None:
        """The gate's answer after this poll."""
        match seen:
            case Unreadable():
                return self._blind(seen, now)
            case Reading():
                self.blind_since, self.read_at, self.last = None, now.at, seen
                self._remember(seen, now)
                return self._answer(seen, now)

    def _remember(self, seen: Reading, now: Moment) -> None:
        gate = self.gate
        if self.holding_since is not None:
            self.below = self.below + 1 if seen.value <= gate.resume else 0
            if self.below >= POLLS:
                self.holding_since = self.above_since = None
            return
        if seen.value <= gate.limit:
            self.above_since = None
            return
        self.above_since = now.at if self.above_since is None else self.above_since
        if now.at - self.above_since >= gate.delay.total_seconds():
            self.holding_since, self.below = now, 0

    def _answer(self, seen: Reading, now: Moment) -> Hold | Freeze | None:
        since, gate = self.holding_since, self.gate
        if since is None:
            return None
        waited = timedelta(seconds=now.at - since.at)
        if gate.patience is not None and waited > gate.patience:
            return Freeze(gate=gate.name, reason=f"{seen.detail}; no longer waited for")
        good = f"{gate.name} is back below its limit in {self.below} of {POLLS} polls"
        return Hold(
            gate=gate.name,
            reason=good if self.below else seen.detail,
            value=seen.value,
            limit=gate.limit,
            since=since.time,
        )

    def _blind(self, seen: Unreadable, now: Moment) -> Hold | Freeze | None:
        """The last answer counts until it is stale; a signal never read is stale at once."""
        self.blind_since = self.blind_since or now
        if self.read_at is not None and now.at - self.read_at <= STALE.total_seconds():
            return None if self.last is None else self._answer(self.last, now)
        reason = f"{self.gate.name} cannot be read: {seen.reason}"
        if self.gate.kind is Kind.LOAD:
            return Freeze(gate=self.gate.name, reason=reason)
        return Hold(
            gate=self.gate.name,
            reason=reason,
            limit=self.gate.limit,
            since=self.blind_since.time,
        )
