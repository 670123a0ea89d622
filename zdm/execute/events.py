"""What happens during a run, as values; an Observer shows or stores them."""

from datetime import datetime, timedelta

from msgspec import Struct

from zdm.model.plan import Phase
from zdm.model.release import RunState, Version


class RunStarted(Struct, frozen=True, kw_only=True):
    """A run begins, or resumes after an interruption."""

    plan: str
    digest: str  # of the plan, as its review showed it
    run: int
    resumed: bool
    steps: int
    done: int  # steps that earlier attempts finished


class StateChanged(Struct, frozen=True, kw_only=True):
    """The run changed state."""

    state: RunState


class StepStarted(Struct, frozen=True, kw_only=True):
    """One step begins."""

    id: str
    phase: Phase
    title: str
    position: int  # from 1
    of: int


class StepDone(Struct, frozen=True, kw_only=True):
    """One step is done and recorded; `found` if an earlier attempt had done it."""

    id: str
    phase: Phase
    title: str
    duration: timedelta
    attempts: int = 1
    found: bool = False


class StepReverted(Struct, frozen=True, kw_only=True):
    """One step was undone."""

    id: str
    title: str


class RowsStay(Struct, frozen=True, kw_only=True):
    """A rollback does not bring back what this step did to rows; said before it begins."""

    id: str
    reason: str


class Waiting(Struct, frozen=True, kw_only=True):
    """The run waits: `gate` is the kind of wait, `names` who it waits for."""

    gate: str  # lock, old version, sessions, soak, rollout, lock holder, connection …
    reason: str
    names: tuple[str, ...] = ()
    since: datetime
    eta: datetime | None = None


class SessionEnded(Struct, frozen=True, kw_only=True):
    """zdm ended a session: it blocked a step, or it belonged to a dead executor."""

    who: str
    reason: str


class Hold(Struct, frozen=True, kw_only=True):
    """A gate holds a backfill before its next batch; `value` and `limit` if it has figures."""

    gate: str  # replica lag, slot, archive, vacuum, dead rows, queue, own probe …
    reason: str
    value: float | None = None
    limit: float | None = None
    since: datetime


class Expected(Struct, frozen=True, kw_only=True):
    """The total cost of a backfill, as forecast from its batches and as planned."""

    rows: int  # changed
    wal_bytes: int
    planned_rows: int | None
    planned_wal_bytes: int | None


class BackfillProgress(Struct, frozen=True, kw_only=True):
    """Progress of a backfill; `rate` in rows per second, None at the start.

    `eta` to `eta_high` is a range; None at the start and while held.
    """

    id: str
    table: str
    scanned: int
    estimate: int | None
    changed: int
    batch: int
    batch_time: timedelta
    rate: float | None
    eta: timedelta | None
    eta_high: timedelta | None = None
    verifying: bool = False
    waiting: str = ""
    holds: tuple[Hold, ...] = ()
    workers: int = 1  # that may run now
    wal_rate: float | None = None  # bytes per second
    expected: Expected | None = None  # after twenty batches
    rest: timedelta = timedelta(0)  # after the last batch
    rest_reason: str = ""  # why longer than usual, if it is


class BackfillMeasured(Struct, frozen=True, kw_only=True):
    """A backfill is verified: its actual and its planned cost.

    `wal_bytes` includes other sessions' WAL while its batches ran: an upper bound.
    """

    id: str
    table: str
    scanned: int
    changed: int
    planned_rows: int | None
    wal_bytes: int
    planned_wal_bytes: int | None
    filling: timedelta
    verifying: timedelta
    held: tuple[tuple[str, timedelta], ...] = ()  # by gate
    retries: tuple[tuple[str, int], ...] = ()  # batches by SQLSTATE
    notes: tuple[str, ...] = ()


class Compared(Struct, frozen=True, kw_only=True):
    """The last look has compared every row of a table in its old and its new shape."""

    id: str  # of the backfill
    table: str
    rows: int
    differing: bool
    duration: timedelta


class Suspicious(Struct, frozen=True, kw_only=True):
    """Something succeeded but is suspicious: a backfill that changed no row."""

    id: str
    reason: str


class DeployStarted(Struct, frozen=True, kw_only=True):
    """The platform begins to move to a version."""

    version: Version
    back: bool = False  # a rollback to the old version


class GateClear(Struct, frozen=True, kw_only=True):
    """The contract gate was clear in this many consecutive polls."""

    polls: int
    needed: int


class PointOfNoReturn(Struct, frozen=True, kw_only=True):
    """The marker is written; rollback is no longer possible."""

    step: str


class RunStopped(Struct, frozen=True, kw_only=True):
    """The command ends in this state; `reason` if it is not the one asked for."""

    state: RunState
    reason: str = ""


class RunFailed(Struct, frozen=True, kw_only=True):
    """The command ends with an error; the journal holds what was done before."""

    kind: str  # class of the error in `zdm.errors`, which has the exit code
    exit_code: int
    reason: str
    hint: str = ""


class Listening(Struct, frozen=True, kw_only=True):
    """Metrics and health are served at this address."""

    address: str


BackfillEvent = BackfillProgress | BackfillMeasured | Suspicious
Event = (
    RunStarted
    | StateChanged
    | StepStarted
    | StepDone
    | StepReverted
    | RowsStay
    | Waiting
    | SessionEnded
    | BackfillProgress
    | BackfillMeasured
    | Compared
    | Suspicious
    | DeployStarted
    | GateClear
    | PointOfNoReturn
    | RunStopped
    | RunFailed
    | Listening
)
