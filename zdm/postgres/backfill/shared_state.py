"""What the workers of one backfill share: whether they may go on, and what they did.

All is behind one lock. The gates write it, each worker asks before each batch, and the
thread that reports reads it. Any hold drops to one worker; another is added for each minute
without one.
"""

import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from zdm.backfill.batch_size import Rest
from zdm.backfill.server_load import UNKNOWN, Others
from zdm.backfill.wal_attribution import WalMeter
from zdm.execute.events import Hold
from zdm.postgres.backfill.failing_rows import FailingRow

GREEN_SECONDS = 60.0  # without a hold, before one more worker may run
TICK = 0.1
MAX_VACUUMS = 10  # of one backfill, between batches


@dataclass(slots=True)
class Tally:
    """Counts since this process began the backfill."""

    scanned: int = 0
    changed: int = 0
    batches: int = 0
    wal: int = 0
    size: int = 0  # of the last batch
    seconds: float = 0.0  # of the last batch
    worked: float = 0.0  # seconds of all batches and looks
    retries: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Control:
    """Shared by the workers, the gates and the reporter."""

    workers: int
    frozen: bool = False  # go on, and do not grow
    others: Others = UNKNOWN
    rest: Rest = field(default_factory=Rest)  # after the last batch
    holds: tuple[Hold, ...] = ()
    tally: Tally = field(default_factory=Tally)
    wal: WalMeter = field(default_factory=WalMeter)
    waits: dict[str, str] = field(default_factory=dict)  # by worker: what it waits for
    pids: dict[int, bool] = field(default_factory=dict)  # by backend: cancelled by us
    vacuum_due: bool = False
    vacuuming: bool = False
    vacuums: int = 0
    notes: dict[str, None] = field(default_factory=dict)  # in order, each once
    budget: Hold | None = None  # until the operator says otherwise
    failing: list[FailingRow] = field(default_factory=list)  # in this attempt
    warned: dict[str, None] = field(default_factory=dict)  # what was warned of
    warnings: list[str] = field(default_factory=list)  # not said yet
    alarm: BaseException | None = None  # raised where the backfill is between two steps
    looked: threading.Event = field(default_factory=threading.Event)  # at every gate, once
    _running: int = 0
    _allowed: int = 0
    _busy: int = 0
    _green_since: float = field(default_factory=time.monotonic)
    _judged: float = field(default_factory=time.monotonic)
    _stopping: bool = False
    _error: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        """All workers may run at first."""
        self._allowed = self.workers

    @property
    def allowed(self) -> int:
        """Workers that may run now."""
        return self._allowed

    @property
    def stopping(self) -> bool:
        """Whether no batch may begin any more."""
        return self._stopping

    @property
    def error(self) -> BaseException | None:
        """The first that stopped a worker."""
        return self._error

    @property
    def running(self) -> int:
        """Workers that are not done."""
        return self._running

    def stop(self, error: BaseException | None = None) -> None:
        """Begin no batch any more."""
        with self._changed:
            self._stopping = True
            self._error = self._error or error
            self._changed.notify_all()

    def alert(self, error: BaseException) -> None:
        """What must end the backfill, seen beside its work: also while it only verifies."""
        self.alarm = error
        if self._running:
            self.stop(error)
        self.wake()

    def begin(self, workers: int) -> None:
        """So many workers begin, and stop where there was an alarm."""
        with self._changed:
            self._running += workers
        if self.alarm is not None:
            self.stop(self.alarm)

    def ended(self, future: Future[None]) -> None:
        """A worker is done; one that failed stops the others."""
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self.stop(error)
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def wait(self, seconds: float = TICK) -> None:
        """Sleep, or less where something happens."""
        with self._changed:
            if not self._stopping:
                self._changed.wait(seconds)

    def wake(self) -> None:
        """End a wait early."""
        with self._changed:
            self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the backfill stops."""
        end = time.monotonic() + seconds
        while not self._stopping and (left := end - time.monotonic()) > 0:
            self.wait(left)

    def judge(self, holds: tuple[Hold, ...], *, frozen: bool) -> None:
        """What the gates say now."""
        now = time.monotonic()
        holds = (*holds, self.budget) if self.budget is not None else holds
        with self._changed:
            for hold in self.holds:
                self.tally.held[hold.gate] += now - self._judged  # type: ignore[assignment]  # seconds
            self._judged = now
            self.holds, self.frozen = holds, frozen
            if holds:
                self._allowed, self._green_since = 1, now
            elif self._allowed < self.workers and now - self._green_since > GREEN_SECONDS:
                self._allowed, self._green_since = self._allowed + 1, now
            self._changed.notify_all()

    def hold_for(self, budget: Hold | None) -> None:
        """Begin no batch until the operator allows what it is going to cost."""
        with self._changed:
            others = tuple(hold for hold in self.holds if hold is not self.budget)
            self.budget = budget
            self.holds = others if budget is None else (*others, budget)
            self._changed.notify_all()

    def pass_gates(self) -> float:
        """Wait until a batch may begin, and count it as busy; the seconds that took."""
        began = time.monotonic()
        with self._changed:
            while not self._stopping and (
                self.holds or self.vacuuming or self._busy >= self._allowed
            ):
                self._changed.wait(TICK)
            self._busy += 1
        return time.monotonic() - began

    def idle(self) -> None:
        """A batch that passed the gates is over."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def did(self, keys: int, changed: int, wal: int) -> None:
        """Count a batch."""
        with self._changed:
            self.tally.scanned += keys
            self.tally.changed += changed
            self.tally.wal += wal
            self.tally.batches += 1

    def last(self, size: int, seconds: float) -> None:
        """The size and length of a batch, for people."""
        with self._changed:
            self.tally.size, self.tally.seconds = size, seconds
            self.tally.worked += seconds

    def read(self, seconds: float) -> None:
        """A look at rows, which is work of ours, too."""
        with self._changed:
            self.tally.worked += seconds

    def failed(self, sqlstate: str | None) -> None:
        """Count a batch that failed."""
        with self._changed:
            self.tally.retries[sqlstate or "lost"] += 1

    def fails(self, row: FailingRow) -> list[FailingRow]:
        """A row that cannot be filled; all of them."""
        with self._changed:
            self.failing.append(row)
            return list(self.failing)

    def own(self, pid: int) -> None:
        """A backend of this backfill."""
        with self._changed:
            self.pids[pid] = False

    def cancel(self, pid: int) -> None:
        """Note that a backend's statement is cancelled by us."""
        with self._changed:
            self.pids[pid] = True

    def ask_for_vacuum(self) -> None:
        """The next worker that is between batches runs VACUUM."""
        self.vacuum_due = self.vacuums < MAX_VACUUMS and not self.vacuuming

    def take_vacuum(self) -> bool:
        """Whether the asking worker is to run it; the others then wait."""
        with self._changed:
            if not self.vacuum_due:
                return False
            self.vacuum_due, self.vacuuming = False, True
            self.vacuums += 1
            return True

    def note(self, text: str) -> None:
        """Something a person should know at the end."""
        with self._changed:
            self.notes[text] = None

    def warn(self, about: str, text: str) -> None:
        """Something a person should know now; of each thing once."""
        with self._changed:
            if about not in self.warned:
                self.warned[about] = None
                self.warnings.append(text)

    def take_warnings(self) -> list[str]:
        """The warnings that nobody was told of yet."""
        with self._changed:
            taken, self.warnings = self.warnings, []
            return taken

    def vacuumed(self) -> None:
        """The others go on."""
        with self._changed:
            self.vacuuming = False
            self._changed.notify_all()

    def cancelled(self, pid: int) -> bool:
        """Whether we cancelled that backend's statement; asked once."""
        with self._changed:
            was = self.pids.get(pid, False)
            self.pids[pid] = False
            return was

    def waiting(self, holds: tuple[Hold, ...]) -> str:
        """Why nothing moves, in words; empty where it does."""
        if self.vacuuming:
            return "VACUUM, so that later batches reuse the space"
        if holds:
            return "; ".join(_said(hold) for hold in holds)
        with self._changed:
            return "; ".join(dict.fromkeys(self.waits.values()))


def _said(hold: Hold) -> str:
    held = max((datetime.now(UTC) - hold.since).total_seconds(), 0.0)
    return f"{hold.reason} for {held:.0f} s"
