"""The run of a load: there, back, there again and to the end, beside the writers.

All writers are of the old version at first; half of them become the new one once the plan is
ready for it, all go back before it is rolled back, and all are of the new version before the
contract. A stray instance of the old version, where the load has one, makes the contract stop.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg

from tests import case as cases
from tests.case import Watching
from tests.loads import ground, held, writers
from tests.loads import load as loads
from tests.loads.held import Held
from tests.loads.load import Load, Transaction
from tests.loads.writers import Told, Writing
from tests.postgres.cases import writing as planning
from zdm.backfill.pacing import Pacing
from zdm.errors import ZdmError
from zdm.execute import rollback
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

# an operator's: where many write on a busy machine, a table is seldom free at once
PATIENCE = timedelta(minutes=10)
LINGERS = 1.0  # seconds for which the stray's second transaction stays open in the contract
PHASES = ("before", "expand", "rollout", "back", "again", "contract", "after")
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


class _Run:
    def __init__(self, load: Load, url: str) -> None:
        self.load, self.url = load, url
        self.owner = ground.as_role(url, ground.OWNER)
        self.start = cases.read(url)
        self.plan: Plan = planning.planned(url, load.migration)
        self.outcome = Outcome()

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
        if isinstance(event, StepDone) and event.attempts > 1:
            self.outcome.attempts[event.id] = event.attempts

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
        for number, stray in enumerate(self.load.stray):
            before, key = cases.read(self.url), number + 1 + self.load.rows
            with _stray(self.url, stray, key, LINGERS if number else 0.0) as joined:
                self._past(key, joined, before)
        self._to(RunState.CONTRACTED)

    def _past(self, key: int, joined: Callable[[], None], before: Snapshot) -> None:
        """Where the load has amends, the contract must have stopped and have named the key."""
        try:
            self._to(RunState.CONTRACTED)
        except ZdmError as error:
            self.outcome.stopped.append(f"{type(error).__name__}: {error.message}")
        joined()
        if not self.load.amends:
            return
        if not self.outcome.stopped or str(key) not in self.outcome.stopped[-1]:
            self.outcome.wrong.append(f"nobody has named {key}")
        half = cases.differences(before, cases.read(self.url))
        self.outcome.wrong += [f"half done after {key}: {one}" for one in half]
        with psycopg.connect(ground.as_role(self.url, ground.APP), autocommit=True) as own:
            for one in self.load.amends:
                _say(own, one, key)


@contextmanager
def _stray(
    url: str, said: Transaction, key: int, lingers: float
) -> Iterator[Callable[[], None]]:
    """The block begins once its statements are there; the transaction ends after a while, and
    the function waits for that."""
    begun = threading.Event()

    def write() -> None:
        with psycopg.connect(ground.as_role(url, ground.APP)) as own:
            _say(own, said, key)
            begun.set()
            time.sleep(lingers)

    thread = threading.Thread(target=write)
    thread.start()
    if lingers:
        begun.wait()
    else:
        thread.join()
    try:
        yield thread.join
    finally:
        thread.join()


def _say(own: "psycopg.Connection[tuple[object, ...]]", said: Transaction, key: int) -> None:
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
