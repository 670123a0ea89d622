"""The run of a load: there, back, there again and to the end, beside the writers.

All writers are of the old version at first; half of them become the new one once the plan is
ready for it, all go back before it is rolled back, and all are of the new version before the
contract. A stray instance of the old version, where the load has one, makes the contract stop.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import psycopg

from tests import case as cases
from tests.case import Watching
from tests.loads import ground, held, writers
from tests.loads import load as loads
from tests.loads.held import Held
from tests.loads.load import Load, Transaction
from tests.loads.writers import Session, Told, Writing
from tests.postgres.cases import writing as planning
from zdm.backfill.pacing import Pacing
from zdm.errors import ZdmError
from zdm.execute import rollback
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone, StepStarted
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Phase, Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

# an operator's: where many write on a busy machine, a table is seldom free at once
PATIENCE = timedelta(minutes=5)
LINGERS = 3.0  # seconds; zdm waits for no transaction that is older than it allows
VERSIONS = ("old", "new")
PHASES = ("before", "expand", "rollout", "back", "again", "contract", "after")
_WAITS = b"""
SELECT FROM pg_stat_activity WHERE datname = current_database()
AND application_name LIKE 'zdm-run:%' AND wait_event_type = 'Lock'
"""
_TOLD = """
CREATE TEMP TABLE told (n int, what text, key bigint, one bigint);
CREATE TEMP VIEW state AS SELECT DISTINCT ON (key) key, what, one FROM told
WHERE key IS NOT NULL ORDER BY key, n DESC;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many writers, how long they rest between two transactions, and how long they write
    between two parts of the run; all in seconds."""

    writers: int = 16
    rest: float = 0.0
    pause: float = 5.0


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What the writers saw, how long tables were locked, where the contract stopped, and what
    is not as it must be."""

    seconds: float = 0.0
    statements: int = 0
    committed: int = 0
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    longest_ms: dict[str, float] = field(default_factory=dict)
    held_ms: dict[str, Held] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)  # of steps that had to wait
    stopped: list[str] = field(default_factory=list)
    rolled_back: bool = False
    wrote: dict[str, dict[str, int]] = field(default_factory=dict)  # by phase and version


def beside(server: Server, load: Load, size: Size) -> Outcome:
    """Run a load beside writers."""
    with ground.database(server, load) as url:
        run = _Run(load, url)
        began = time.monotonic()
        app = ground.as_role(url, ground.APP)
        with writers.at_work(load, app, size.writers, size.rest) as writing:
            run.all_of_it(writing, size.pause)
        assert writing.told is not None
        outcome = run.outcome
        outcome.seconds = time.monotonic() - began
        _tell(outcome, writing.told)
        outcome.wrong += _wrong_rows(url, load, writing.told)
        outcome.wrong += _wrong_schema(server, load, cases.read(url))
    return outcome


def _tell(outcome: Outcome, told: Told) -> None:
    outcome.statements, outcome.committed = told.statements, len(told.lines)
    outcome.failed += told.failed
    outcome.longest_ms = {
        PHASES[phase]: round(longest, 1) for phase, longest in told.longest.items()
    }
    for (phase, version), count in sorted(told.wrote.items()):
        outcome.wrote.setdefault(PHASES[phase], {})[VERSIONS[version]] = count


class _Run:
    def __init__(self, load: Load, url: str) -> None:
        self.load, self.url = load, url
        self.owner = ground.as_role(url, ground.OWNER)
        self.start = cases.read(url)
        self.plan: Plan = planning.planned(url, load.migration)
        self.outcome = Outcome()
        self.done: list[str] = []
        self.strays = ExitStack()
        self.due: Callable[[], AbstractContextManager[None]] | None = None

    def all_of_it(self, writing: Writing, pause: float) -> None:
        """Each phase, with a pause in which the writers have the database for themselves."""

        @contextmanager
        def phase(name: str) -> Iterator[None]:
            writing.phase(PHASES.index(name))
            with held.watching(self.url) as seen:
                yield
                time.sleep(pause)
            if seen:
                self.outcome.held_ms[name] = {k: round(v, 1) for k, v in sorted(seen.items())}

        with phase("before"):
            writing.roll(0)
        with phase("expand"):
            self._to(RunState.BACKFILLED)
        with phase("rollout"):
            writing.roll(0.5)
        with phase("back"):
            writing.roll(0)
            self._back()
        with phase("again"):
            self._to(RunState.BACKFILLED)
            writing.roll(0.5)
        writing.roll(1)
        with phase("contract"):
            self._contract()
        with phase("after"):
            pass

    def _to(self, until: RunState) -> None:
        watching = Watching(self._note)
        state = cases.run(
            self.owner, self.plan, watching=watching, until=until, patience=PATIENCE
        )

        assert state is until, state

    def _note(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self.done.append(event.id)
            if event.attempts > 1:
                self.outcome.attempts[event.id] = event.attempts
        elif isinstance(event, StepStarted) and event.phase is Phase.CONTRACT and self.due:
            self.strays.enter_context(self.due())
            self.due = None

    def _back(self) -> None:
        stop, clock = StopFlag(), SystemClock()
        with closing(PostgresDatabase(self.owner, clock, stop, Pacing.FULL)) as database:
            world = World(
                database=database,
                platform=None,
                observer=Watching(),
                clock=clock,
                stop=stop,
            )
            rollback.revert(self.plan, world, cases.options(patience=PATIENCE))
        self.outcome.rolled_back = True

    def _contract(self) -> None:
        """To the end; past each transaction of the stray instance."""
        with ExitStack() as self.strays:
            for number, stray in enumerate(self.load.stray):
                before, key = cases.read(self.url), number + 1 + self.load.rows
                if number:
                    self.due = partial(_lingering, self.url, stray, key)
                else:
                    self._say((stray,), key)
                if self.load.amends:
                    stopped = self._stopped()
                    self.strays.close()
                    self._named(key, stopped, before)
            self._to(RunState.CONTRACTED)

    def _stopped(self) -> str:
        """Where the contract has stopped."""
        self.done.clear()
        try:
            self._to(RunState.CONTRACTED)
        except ZdmError as error:
            return f"{type(error).__name__}: {error.message}"
        return ""

    def _named(self, key: int, stopped: str, before: Snapshot) -> None:
        """The contract must have stopped with that row's name; where no step was done, it has
        left nothing."""
        self.outcome.stopped.append(stopped)
        if str(key) not in stopped:
            self.outcome.wrong.append(f"nobody has named {key}")
        half = () if self.done else cases.differences(before, cases.read(self.url))
        self.outcome.wrong += [f"half done after {key}: {one}" for one in half]
        self._say(self.load.amends, key)

    def _say(self, said: Sequence[Transaction], key: int) -> None:
        with psycopg.connect(ground.as_role(self.url, ground.APP), autocommit=True) as own:
            for one in said:
                _send(own, one, key)


@contextmanager
def _lingering(url: str, said: Transaction, key: int) -> Iterator[None]:
    """Its statements are there when the block begins, and its transaction ends as soon as zdm
    waits for a lock, at the latest after a while or with the block."""
    over = threading.Event()
    with psycopg.connect(ground.as_role(url, ground.APP)) as own:
        _send(own, said, key)
        thread = threading.Thread(target=_commit, args=(own, url, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _commit(own: Session, url: str, over: threading.Event) -> None:
    end = time.monotonic() + LINGERS
    with psycopg.connect(url, autocommit=True) as other:
        while time.monotonic() < end and not other.execute(_WAITS).fetchall():
            if over.wait(0.005):
                break
    own.commit()


def _send(own: Session, said: Transaction, key: int) -> None:
    for sql in said.statements:
        own.execute(sql.encode(), {"new": key})


def _wrong_rows(url: str, load: Load, told: Told) -> Iterator[str]:
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(_TOLD.encode())
        with own.cursor().copy("COPY told FROM STDIN") as copy:
            for line in told.lines:
                copy.write_row(line)
        own.execute("ANALYZE told")
        for one in load.wrong:
            for sql in one.statements:
                cursor = own.execute(sql.encode())
                for row in cursor if cursor.description else ():
                    yield f"{one.name}: {row}"


def _wrong_schema(server: Server, load: Load, end: Snapshot) -> Iterator[str]:
    """How it differs from what the migration leaves when it is run plainly."""
    with ground.database(server, loads.read(load.name, 1)) as url:
        with connection.connect(ground.as_role(url, ground.OWNER), name="tests") as conn:
            conn.execute(load.migration.encode())
        for one in cases.differences(cases.read(url), end):
            yield f"schema: {one}"
