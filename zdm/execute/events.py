"""What happens during a run, as values; an Observer shows or stores them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from zdm.model.plan import Phase
from zdm.model.release import RunState, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins, or goes on after an interruption."""

    plan: str
    run: int
    resumed: bool
    steps: int
    done: int  # steps that earlier attempts finished


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """The run stands somewhere else."""

    state: RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """One step begins."""

    id: str
    phase: Phase
    title: str
    position: int  # from 1
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """One step is done and recorded; `found` where an earlier attempt had done it."""

    id: str
    phase: Phase
    title: str
    duration: timedelta
    attempts: int = 1
    found: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReverted:
    """One step was undone."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing moves, and why: `gate` is a word, `names` who is waited for."""

    gate: str  # lock, old version, sessions, soak, rollout, lock holder, connection …
    reason: str
    names: tuple[str, ...] = ()
    since: datetime
    eta: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """zdm ended somebody's session: it was in the way, or an executor's that is dead."""

    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress:
    """How far a backfill is; `rate` in rows per second, None at the start."""

    id: str
    table: str
    scanned: int
    estimate: int | None
    changed: int
    batch: int
    batch_seconds: float
    rate: float | None
    eta: timedelta | None
    verifying: bool = False
    waiting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicious:
    """Something succeeded that a person should look at: a backfill that changed no row."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployStarted:
    """The platform begins to move to a version."""

    version: Version
    back: bool = False  # a rollback to the old version


@dataclass(frozen=True, slots=True, kw_only=True)
class GateClear:
    """The contract gate was clear in so many polls one after the other."""

    polls: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOfNoReturn:
    """The marker is written; from here forward only."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped:
    """The run ends here, with its state: reached, or why not."""

    state: RunState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed:
    """The command ends with an error; the journal holds what was done before."""

    kind: str  # class of the error in `zdm.errors`, which has the exit code
    exit_code: int
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Metrics and health can be asked for at this address."""

    address: str


Event = (
    RunStarted
    | StateChanged
    | StepStarted
    | StepDone
    | StepReverted
    | Waiting
    | SessionEnded
    | BackfillProgress
    | Suspicious
    | DeployStarted
    | GateClear
    | PointOfNoReturn
    | RunStopped
    | RunFailed
    | Listening
)
