"""What the runner needs of the world: small Protocols that adapters satisfy by shape."""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct

from zdm.errors import TemporaryError
from zdm.execute.events import BackfillEvent, Compared, Event, SessionEnded, Waiting
from zdm.model.plan import AwaitRollout, Backfill, Plan, RunSql, Step
from zdm.model.release import Observation, RunState, Session, Version
from zdm.model.schema import Name, Snapshot


class LockBusyError(TemporaryError):
    """A lock was not acquired in time; `names` says who holds it."""

    def __init__(self, message: str, *, names: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.names = names


class ConnectionLostError(TemporaryError):
    """The connection broke; the journal shows whether the last transaction was committed."""


class StatementCancelledError(TemporaryError):
    """A statement was cancelled: by a timeout, by a person, or on the operator's order."""


class OrderedError(TemporaryError):
    """An order of the operator must be followed before the work continues."""


class Clock(Protocol):
    """The time, as a port, so that tests need not wait."""

    def now(self) -> datetime:
        """The time, with a time zone."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment, which never go back: for durations."""

    def sleep(self, duration: timedelta) -> None:
        """Wait."""


class Observer(Protocol):
    """Receives run events."""

    def notify(self, event: Event) -> None:
        """Take one event; must not raise."""


class PlanText(Struct, frozen=True, kw_only=True):
    """A Plan with the exact text of its file and the hash that pins it."""

    plan: Plan
    text: str
    digest: str


class JournalRun(Struct, frozen=True, kw_only=True):
    """One run as the journal has it; `done` are ids of steps, in order of completion."""

    id: int
    plan_name: str
    digest: str
    state: RunState
    epoch: int
    done: tuple[str, ...]
    soak_since: datetime | None
    past_return: bool
    begun: tuple[str, ...] = ()  # steps that an attempt began and none finished


class Order(Struct, frozen=True, kw_only=True):
    """A request from an operator to the executor: wait until `zdm resume`, or end."""

    kind: Literal["pause", "cancel"]
    by: str
    at: datetime


class Window(Struct, frozen=True, kw_only=True):
    """A run's revert window, by the database's clock."""

    deployed_at: datetime | None
    ended_at: datetime | None  # when an operator approved the contract
    now: datetime


class Journal(Protocol):
    """What a run has done, kept in the target database. Each write checks the epoch."""

    def unfinished(self) -> JournalRun | None:
        """The run that is neither contracted nor reverted, if there is one."""

    def finished(self, digest: str) -> bool:
        """Whether this very plan's last run reached CONTRACTED."""

    def begin(self, plan: PlanText) -> JournalRun:
        """Record a new run."""

    def adopt(self, run: JournalRun) -> JournalRun:
        """Take a run over: a new epoch, so that a former owner can no longer write.

        Raises RefusedError if its epoch is no longer the one given.
        """

    def recall(self) -> JournalRun:
        """This executor's run, as the journal has it now."""

    def name_versions(self, old: Version, new: Version) -> None:
        """Record between which application versions the run moves."""

    def record_state(self, state: RunState) -> None:
        """Write the state."""

    def begin_soak(self) -> timedelta | None:
        """Write SOAKING; how long it has lasted by the database's clock, to which that of the
        executor's machine is not compared."""

    def record(self, step: Step, state: RunState) -> None:
        """Record a step as done that has no work of its own in the database."""

    def forget(self, step: Step) -> None:
        """Record that a step without work of its own is no longer done."""

    def go_back(self, rollout: AwaitRollout) -> None:
        """Record that the application rolls back: REVERTING, and the rollout is only begun.

        This ends its soak and its revert window; another rollout has its own.
        """

    def mark_point_of_no_return(self, step: str) -> None:
        """Commit the marker."""


class Orders(Protocol):
    """Messages between an operator and the executor of a run, through the journal."""

    def current(self) -> Order | None:
        """The operator's order to this run, if there is one."""

    def acknowledge(self, order: Order) -> None:
        """Withdraw a cancel that was followed, so that the next executor continues."""

    def note(self, waiting: Waiting | None) -> None:
        """Record in the journal what the run waits for; None: nothing."""

    def window(self) -> Window:
        """The run's revert window."""

    def end_window(self) -> None:
        """End the revert window and record who approved it."""


class Database(Protocol):
    """The target database: the lock of the only executor, the work, and the journal of it."""

    @property
    def journal(self) -> Journal:
        """What the run has done."""

    @property
    def orders(self) -> Orders:
        """The operator's orders to the run."""

    def claim(self, report: Callable[[str], object]) -> None:
        """Become the only executor; `report` gets each session of a dead one that was ended.

        Raises LockBusyError naming the holder.
        """

    def reconnect(self, report: Callable[[str], object]) -> None:
        """Connect and claim again after a loss, with a new epoch; `report` as in `claim`."""

    def keep(self, plan: Plan) -> None:
        """Take the plan whose run it is: what its contract relies on is kept as evidence."""

    def refuse_unseen_rows(self) -> None:
        """Raise RefusedError where the plan's fills would not reach every row."""

    def snapshot(self, version_table: Name | None) -> Snapshot:
        """The schema as it is now."""

    def sessions(self) -> tuple[Session, ...]:
        """Other clients' connections to this database."""

    def run(
        self, step: RunSql, state: RunState
    ) -> Generator[Waiting | SessionEnded, None, None]:
        """Run one step and record it; yields what a long statement waits for. The marker of
        the point of no return is in the transaction of its step, if that has one.

        Raises LockBusyError, StatementCancelledError, ConnectionLostError.
        """

    def require(self, step: RunSql | Backfill) -> None:
        """Raise StoppedError where what the step needs does not hold; nothing is done."""

    def backfill(self, step: Backfill, state: RunState) -> Generator[BackfillEvent, None, None]:
        """Run one backfill, batch by batch; it is verified and recorded at its end."""

    def look(self) -> Generator[Waiting | Compared, None, None]:
        """The last look: compare what is kept in sync, and raise StoppedError for what others
        changed of that which the contract relies on."""

    def differing(self, step: Backfill) -> tuple[str, ...]:
        """Keys of rows, from a sample, that a done backfill with dual write left wrong."""

    def revert(
        self, step: RunSql | Backfill
    ) -> Generator[Waiting | SessionEnded | BackfillEvent, None, None]:
        """Restore the rows that a step keeps, undo it, done or half done, and record that it is
        no longer done."""


class Platform(Protocol):
    """A thing that runs application versions; the gate belongs to the runner."""

    @property
    def cannot_prove(self) -> tuple[str, ...]:
        """What this driver's observation may miss, one sentence each."""

    @property
    def deploys(self) -> bool:
        """Whether `deploy` moves the version; else zdm waits until something else moves it."""

    def check(self, old: Version, new: Version) -> None:
        """Raise RefusedError or InputError for what would stop the rollout, before a run."""

    def observe(self, target: Version) -> Observation:
        """What runs now, what could start an instance later, and how far the move is.

        All at one moment, read again at each call.
        """

    def deploy(self, version: Version) -> None:
        """Begin to move to the version; doing it again changes nothing."""

    def rollback(self, version: Version) -> str:
        """Begin to move back to the version; returns what a person still has to do, if any."""

    def pause(self, duration: timedelta, clock: Clock) -> None:
        """Wait for that long, or less if the platform reports a change."""
