"""One case of an operation: its files, its plan, and how it is run on a real server."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from tests import tried
from tests.tried import Shared
from zdm.backfill.pacing import Pacing
from zdm.config.settings import RolloutSettings
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event
from zdm.execute.ports import PlanText
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.plan import Plan
from zdm.model.release import RunState, Version
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read as catalog
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.serialize import snapshot_file
from zdm.workflows import plan_files, plan_revisions

ROOT = Path(__file__).parent / "cases/operations"
CASES = sorted(path.parent for path in ROOT.glob("*/*/migration.sql"))
REFUSED = sorted(path.parent for path in ROOT.glob("*/*/refused.txt"))
PLANNED = [case for case in CASES if case not in REFUSED]
WITH_SCHEMA = sorted(
    path.parent for path in ROOT.parent.glob("*/*/*/migration.sql")
)  # rules too
FILE = "migration.sql"
IMPATIENT = timedelta(seconds=20)  # where nobody keeps a lock
QUICK = RolloutSettings(
    polls=1,
    poll_interval=timedelta(milliseconds=1),
    revert_window=timedelta(0),
    allowed_sessions=("*",),
)


def name(case: Path) -> str:
    """`operation/case`, for test ids."""
    return f"{case.parent.name}/{case.name}"


def in_turn(found: Sequence[Path], *majors: int, share: int = 1) -> pytest.MarkDecorator:
    """One case in `share` of each operation, but at least one, on one of the versions in turn;
    all on all of them with `make thorough`."""
    chosen = dict(turns(found, majors, share))
    params = [
        pytest.param(
            major,
            case,
            marks=(
                pytest.mark.more,
                pytest.mark.in_turn if chosen.get(case) == major else pytest.mark.thorough,
            ),
            id=f"{major}-{name(case)}",
        )
        for major in majors
        for case in found
    ]
    return pytest.mark.parametrize(("every_server", "case"), params, indirect=["every_server"])


def turns(
    found: Sequence[Path], majors: Sequence[int], share: int
) -> Iterator[tuple[Path, int]]:
    """The cases that have a turn, each with its version."""
    for number, (_, group) in enumerate(groupby(found, key=lambda case: case.parent)):
        cases = list(group)
        first = number % min(share, len(cases))
        for place, case in enumerate(cases[first::share]):
            yield case, majors[(number + place) % len(majors)]


def train(case: Path) -> Train:
    """The case's migration."""
    data = (case / FILE).read_bytes()
    statements = split.statements(data, FILE)

    assert statements, f"{case / FILE} has no statement"

    return Train(statements=statements, files=(split.source_file(data, FILE),))


def schema(case: Path) -> Snapshot:
    """The case's schema on file."""
    file = case / "schema.json"

    assert file.exists(), (
        f"{file} is not there; this writes it: pytest --bless"
        f" tests/postgres/cases -k 'schema_on_file and {case.parent.name}'"
    )

    return snapshot_file.loads(file.read_text(), str(file))


def plan(case: Path, snapshot: Snapshot) -> Plan:
    """The case's plan on a schema; raises what zdm raises."""
    whole = train(case)
    made = schedule.plan(
        classify.classify(whole, snapshot), name=case.name, train=whole, snapshot=snapshot
    )
    plan_revisions.check_invariants(made)
    return made


def read(url: str) -> Snapshot:
    """The schema of a database."""
    with connection.connect(url, name="tests") as conn:
        return catalog.read(conn)


def prepare(url: str, case: Path) -> Snapshot:
    """Run the case's before.sql; the schema it leaves."""
    with connection.connect(url, name="tests") as conn:
        return begin(conn, case)


def begin(conn: Connection, case: Path) -> Snapshot:
    """The same in a session that the test goes on with: a new one reads with cold caches."""
    conn.execute((case / "before.sql").read_bytes())
    return catalog.read(conn)


def apply_plainly(shared: Shared, case: Path) -> Snapshot:
    """Run before.sql and the migration as the author wrote it; the schema it leaves."""
    before, after = ((case / name).read_bytes() for name in ("before.sql", FILE))

    def act(conn: Connection) -> Snapshot:
        conn.execute(before)
        for statement in train(case).statements:
            conn.execute(statement.sql.encode())
        return tried.snapshot(conn)

    return shared.tried(act, before, after)


@contextmanager
def applications(url: str, case: Path) -> Iterator[Callable[[str], None]]:
    """What runs the statements of a version, one after the other, as it would: in a session of
    its own, which stays open as those of a pool do."""
    with ExitStack() as stack:

        @functools.cache
        def session(_side: str) -> Connection:
            return stack.enter_context(connection.connect(url, name="application"))

        def speak(side: str) -> None:
            file = case / f"{side}.sql"
            if file.exists():
                for statement in split.statements(file.read_bytes(), file.name):
                    session(side).execute(statement.sql.encode())

        yield speak


@dataclass(slots=True)
class Watching:
    """Satisfies Observer: calls a function at each event, and keeps them."""

    react: Callable[[Event], None] = lambda _event: None
    events: list[Event] = field(default_factory=list)

    def notify(self, event: Event) -> None:
        """Keep it and react."""
        self.events.append(event)
        self.react(event)


def run(
    url: str,
    made: Plan,
    *,
    watching: Watching | None = None,
    until: RunState = RunState.CONTRACTED,
    patience: timedelta = IMPATIENT,
) -> RunState:
    """Execute a plan with the operator's word that the old version is gone; `patience` is how
    long a step's locks are tried for."""
    stop, clock = StopFlag(), SystemClock()
    database = PostgresDatabase(url, clock, stop, Pacing.FULL)
    world = World(
        database=database,
        platform=None,
        observer=watching or Watching(),
        clock=clock,
        stop=stop,
    )
    try:
        return runner.execute(text(made), world, options(until, patience))
    finally:
        database.close()


@functools.lru_cache(maxsize=1)
def text(made: Plan) -> PlanText:
    """A plan with its file's text, written once for all runs of it."""
    return plan_files.plan_text(made)


def options(until: RunState = RunState.CONTRACTED, patience: timedelta = IMPATIENT) -> Options:
    """Quick polls, v1 to v2."""
    return Options(
        old=Version("v1"),
        new=Version("v2"),
        rollout=QUICK,
        until=until,
        assume_deployed=True,
        lock_deadline=patience,
    )


def differences(one: Snapshot, other: Snapshot) -> tuple[str, ...]:
    """What differs but for the order of columns."""
    return snapshot_file.difference(one, other, column_order=False)
