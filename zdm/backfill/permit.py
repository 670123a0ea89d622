"""What allows the workers of a backfill to continue: whether, how many of them, and how hard.

Every field is written under one lock, whose condition wakes those who wait for a change. The
properties read one reference or number without it: each is replaced as a whole, so a reader
sees it as it was before a change or after it, and nothing in between. `looked` is an Event,
which has a lock of its own.
"""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.backfill import batch_size
from zdm.backfill.server_load import UNKNOWN, Others
from zdm.execute.events import Hold
from zdm.execute.ports import Clock

GREEN = timedelta(minutes=1)  # without a hold, before one more worker may run
TICK = timedelta(milliseconds=100)  # after which a waiting thread looks again
MAX_VACUUMS = 10  # of one backfill, between batches


@dataclass(slots=True)
class Permit:
    """Asked by each worker before each batch; the gates, the reporter and alarms write it.

    Any hold drops to one worker; another is added for each minute without one.
    """

    workers: int
    clock: Clock
    looked: threading.Event = field(default_factory=threading.Event)  # at every gate, once
    _holds: tuple[Hold, ...] = ()
    _budget: Hold | None = None  # until the operator approves the cost
    _frozen: bool = False
    _others: Others = UNKNOWN
    _allowed: int = 0
    _running: int = 0
    _busy: int = 0
    _vacuum_due: bool = False
    _vacuuming: bool = False
    _vacuums: int = 0
    _stopping: bool = False
    _error: BaseException | None = None
    _alarm: BaseException | None = None
    _green_since: float = 0.0
    _judged: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        """All workers may run at first."""
        self._allowed = self.workers
        self._green_since = self._judged = self.clock.monotonic()

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Why no batch may begin; none where it may."""
        return self._holds

    @property
    def budget(self) -> Hold | None:
        """The hold that only the operator ends."""
        return self._budget

    @property
    def frozen(self) -> bool:
        """Whether batches may not grow."""
        return self._frozen

    @property
    def others(self) -> Others:
        """How busy other sessions keep the server."""
        return self._others

    @property
    def allowed(self) -> int:
        """Workers that may run now."""
        return self._allowed

    @property
    def running(self) -> int:
        """Workers that have not ended."""
        return self._running

    @property
    def vacuuming(self) -> bool:
        """Whether a worker runs VACUUM, for which the others wait."""
        return self._vacuuming

    @property
    def stopping(self) -> bool:
        """Whether no batch may begin any more."""
        return self._stopping

    @property
    def error(self) -> BaseException | None:
        """The first that stopped a worker."""
        return self._error

    def stop(self, error: BaseException | None = None) -> None:
        """Let no further batch begin."""
        with self._changed:
            self._stopping = True
            self._error = self._error or error
            self._changed.notify_all()

    def alert(self, error: BaseException) -> None:
        """What must end the backfill, also while it only verifies."""
        with self._changed:
            self._alarm = error
            if self._running:
                self.stop(error)
            self._changed.notify_all()

    def check_alarm(self) -> None:
        """Raise what must end the backfill, if there is anything."""
        if self._alarm is not None:
            raise self._alarm

    def begin(self, workers: int) -> None:
        """So many workers begin; they stop at once after an alarm."""
        with self._changed:
            self._running += workers
            if self._alarm is not None:
                self.stop(self._alarm)

    def ended(self, future: Future[None]) -> None:
        """A worker ended; one that failed stops the others."""
        error = None if future.cancelled() else future.exception()
        with self._changed:
            if error is not None:
                self.stop(error)
            self._running -= 1
            self._changed.notify_all()

    def wait(self, longest: timedelta = TICK) -> None:
        """Wait until something changes, no longer than that."""
        with self._changed:
            if not self._stopping:
                self._changed.wait(longest.total_seconds())

    def wait_for_workers(self, longest: timedelta) -> None:
        """Wait until every worker has ended, no longer than that."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, longest.total_seconds())

    def wake(self) -> None:
        """End every wait early."""
        with self._changed:
            self._changed.notify_all()

    def sleep(self, duration: timedelta) -> None:
        """Sleep, unless the backfill stops."""
        for part in batch_size.parts(duration, TICK):
            if self._stopping:
                return
            self.clock.sleep(part)

    def judge(
        self, holds: tuple[Hold, ...], *, frozen: bool
    ) -> tuple[tuple[Hold, ...], timedelta]:
        """Set the gates' answers; returns which held until now, and for how long."""
        now = self.clock.monotonic()
        with self._changed:
            before, passed = self._holds, timedelta(seconds=now - self._judged)
            self._judged = now
            self._holds = holds if self._budget is None else (*holds, self._budget)
            self._frozen = frozen
            if self._holds:
                self._allowed, self._green_since = 1, now
            elif (
                self._allowed < self.workers and now - self._green_since > GREEN.total_seconds()
            ):
                self._allowed, self._green_since = self._allowed + 1, now
            self._changed.notify_all()
        return before, passed

    def hold_for(self, budget: Hold | None) -> None:
        """Let no batch begin until the operator approves the cost; None: it is approved."""
        with self._changed:
            others = tuple(hold for hold in self._holds if hold is not self._budget)
            self._budget = budget
            self._holds = others if budget is None else (*others, budget)
            self._changed.notify_all()

    def measured(self, others: Others) -> None:
        """How busy other sessions keep the server now."""
        with self._changed:
            self._others = others

    def pass_gates(self) -> timedelta:
        """Wait until a batch may begin, and count it as busy; how long that took."""
        began = self.clock.monotonic()
        with self._changed:
            while not self._stopping and (
                self._holds or self._vacuuming or self._busy >= self._allowed
            ):
                self._changed.wait(TICK.total_seconds())
            self._busy += 1
        return timedelta(seconds=self.clock.monotonic() - began)

    def leave(self) -> None:
        """A batch that passed the gates is over."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def ask_for_vacuum(self) -> None:
        """Let the next worker that is between batches run VACUUM."""
        with self._changed:
            self._vacuum_due = self._vacuums < MAX_VACUUMS and not self._vacuuming

    def take_vacuum(self) -> bool:
        """Whether the asking worker is to run it; the others then wait."""
        with self._changed:
            if not self._vacuum_due:
                return False
            self._vacuum_due, self._vacuuming = False, True
            self._vacuums += 1
            return True

    def vacuumed(self) -> None:
        """Let the others continue."""
        with self._changed:
            self._vacuuming = False
            self._changed.notify_all()
