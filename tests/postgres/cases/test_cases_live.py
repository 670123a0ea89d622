"""Each case of an operation on real servers: undone, run, and killed at every step.

After every step the statements of each application version that the plan says it serves are
run; the schema at the end is the one that the plain migration leaves.

Every case is undone and run on the newest version in `make test-live`, whatever its name. `make
test-more` adds one case in eight of each operation on the oldest version, its kills on the
oldest or the newest, and one in twelve in one go on those between; `make thorough` has all.
"""

import functools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import case as cases
from tests import tried
from tests.case import Watching
from tests.conftest import fresh_database
from tests.golden import Golden
from zdm.backfill.pacing import Pacing
from zdm.errors import RefusedError, StoppedError
from zdm.execute import rollback
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone, StepStarted
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Irreversible, Phase, Plan, RunSql, Side
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read as catalog
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.server.provider import Server
from zdm.schema import enums
from zdm.serialize import snapshot_file

NEWEST = 18  # the major version that schema.json is of


def on(*majors: int) -> pytest.MarkDecorator:
    """Only these versions of `every_server`."""
    params = [pytest.param(major, marks=pytest.mark.more) for major in majors]
    return pytest.mark.parametrize("every_server", params, indirect=True)


def served(plan: Plan, speak: Callable[[str], None], event: Event) -> None:
    """Run the statements of the versions that work after this step."""
    if not isinstance(event, StepDone):
        return
    (step,) = (step for step in plan.steps if step.id == event.id)
    for side in sorted(step.serves):
        if side is Side.OLD and step.phase.position >= Phase.ROLLOUT.position:
            continue  # it is gone
        speak(side)


Plainly = Callable[[Path], Snapshot]


@contextmanager
def found_once(server: Server) -> Iterator[Plainly]:
    """The schema that a migration leaves as the author wrote it."""
    with tried.shared(server) as shared:
        yield functools.cache(lambda case: cases.apply_plainly(shared, case))


@pytest.fixture(scope="module")
def plainly(server: Server) -> Iterator[Plainly]:
    with found_once(server) as found:
        yield found


@pytest.fixture(scope="module")
def every_plainly(every_server: Server) -> Iterator[Plainly]:
    with found_once(every_server) as found:
        yield found


def runs_as_planned(server: Server, case: Path, expected: Snapshot) -> None:
    """In one go, without a stop."""
    with (
        fresh_database(server) as url,
        tried.opened(url) as conn,
        cases.applications(url, case) as speak,
    ):
        plan = cases.plan(case, cases.begin(conn, case))
        watching = Watching(lambda event: served(plan, speak, event))
        state = cases.run(url, plan, watching=watching)

        assert state is RunState.CONTRACTED
        assert cases.differences(expected, catalog.read(conn)) == ()


def is_undone_and_runs(server: Server, case: Path, expected: Snapshot) -> None:
    """As far as the rollout and back, which leaves the first schema; then all of it. Where
    there is no way back, that is said, and the run goes on."""
    with (
        fresh_database(server) as url,
        tried.opened(url) as conn,
        cases.applications(url, case) as speak,
    ):
        start = cases.begin(conn, case)
        if server.major == NEWEST and case in cases.WITH_SCHEMA:
            assert snapshot_file.difference(cases.schema(case), start) == ()
        plan = cases.plan(case, start)
        watching = Watching(lambda event: served(plan, speak, event))
        if reversible(plan):
            cases.run(url, plan, until=RunState.BACKFILLED)
            revert(url, plan)

            left = enums.without(catalog.read(conn), plan.labels)
            assert snapshot_file.difference(start, left) == ()
            if rows_stay(plan):  # with their keys, so that they cannot be inserted again
                runs_as_planned(server, case, expected)
                return
        else:
            cases.run(url, plan, until=RunState.BACKFILLED, watching=watching)
            by_hand = any(isinstance(s, RunSql) and s.as_written for s in plan.steps)
            with pytest.raises(StoppedError if by_hand else RefusedError):
                revert(url, plan)
        state = cases.run(url, plan, watching=watching)

        assert state is RunState.CONTRACTED
        assert cases.differences(expected, catalog.read(conn)) == ()


def revert(url: str, plan: Plan, watching: Watching | None = None) -> None:
    stop, clock = StopFlag(), SystemClock()
    database = PostgresDatabase(url, clock, stop, Pacing.FULL)
    watching = watching or Watching()
    world = World(database=database, platform=None, observer=watching, clock=clock, stop=stop)
    try:
        rollback.revert(plan, world, cases.options())
    finally:
        database.close()


def reversible(plan: Plan) -> bool:
    """Whether there is anything to undo, and a way to undo it."""
    return bool(plan.steps) and all(undo.harmless for undo in lost(plan))


def rows_stay(plan: Plan) -> bool:
    """Whether an undo leaves rows that a step inserted."""
    return any(undo.rows for undo in lost(plan))


def lost(plan: Plan) -> list[Irreversible]:
    """What steps before the rollout say that cannot be undone."""
    before = [s for s in plan.steps if s.phase.position < Phase.ROLLOUT.position]
    undos = (s.undo for s in before if isinstance(s, RunSql))
    return [undo for undo in undos if isinstance(undo, Irreversible)]


def survives_kills(server: Server, case: Path, expected: Snapshot) -> None:
    """An executor dies by SIGKILL at each start of a step, the next one at its end: the journal
    and the probes bring the run to the same end."""
    with fresh_database(server) as url, tried.opened(url) as conn:
        plan = cases.plan(case, cases.begin(conn, case))
        cases.text(plan)  # which each child has from here
        kills = [killed(url, plan, at) for _ in plan.steps for at in (StepStarted, StepDone)]

        assert set(kills) <= {signal.SIGKILL}

        assert cases.run(url, plan) is RunState.CONTRACTED
        assert cases.differences(expected, catalog.read(conn)) == ()


def killed(url: str, plan: Plan, at: type[Event]) -> int:
    """Run in a child that kills itself at its first event of that kind; the number of the
    signal that ended it."""

    def kill_self(event: Event) -> None:
        if isinstance(event, at):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            cases.run(url, plan, watching=Watching(kill_self))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@pytest.fixture(scope="module")
def fixed(server: Server) -> Server:
    if server.major != NEWEST:
        pytest.skip(f"schema.json is of PostgreSQL {NEWEST}, and this is {server.major}")
    return server


# of a case that is planned, the run below compares it as well
ON_FILE = [
    pytest.param(
        case, marks=[pytest.mark.more, pytest.mark.thorough] if case in cases.PLANNED else []
    )
    for case in cases.WITH_SCHEMA
]


@pytest.mark.parametrize("case", ON_FILE, ids=cases.name)
def test_the_schema_on_file_is_what_the_server_says(
    fixed: Server, case: Path, golden: Golden
) -> None:
    with fresh_database(fixed) as url, tried.opened(url) as conn:
        snapshot = cases.begin(conn, case)
    if golden.bless:
        (case / "schema.json").write_text(snapshot_file.dumps(snapshot))

    assert snapshot_file.difference(cases.schema(case), snapshot) == ()


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_a_case_is_undone_and_runs_as_planned(
    server: Server, case: Path, plainly: Plainly
) -> None:
    is_undone_and_runs(server, case, plainly(case))


@cases.in_turn(cases.PLANNED, 15, 16, 17, share=12)
def test_a_case_runs_in_one_go_on_the_versions_between(
    every_server: Server, case: Path, every_plainly: Plainly
) -> None:
    runs_as_planned(every_server, case, every_plainly(case))


@cases.in_turn(cases.PLANNED, 14, share=8)
def test_a_case_is_undone_and_runs_on_the_oldest_version(
    every_server: Server, case: Path, every_plainly: Plainly
) -> None:
    is_undone_and_runs(every_server, case, every_plainly(case))


@cases.in_turn(cases.PLANNED, 14, NEWEST, share=8)
def test_a_case_survives_kills_on_the_oldest_and_the_newest_version(
    every_server: Server, case: Path, every_plainly: Plainly
) -> None:
    survives_kills(every_server, case, every_plainly(case))
