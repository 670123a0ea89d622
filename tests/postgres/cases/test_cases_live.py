"""Each case of an operation on real servers: run, undone, and killed at every step.

After every step the statements of each application version that the plan says it serves are
run; the schema at the end is the one that the plain migration leaves.
"""

import os
import signal
from pathlib import Path

import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.golden import Golden
from zdm.errors import RefusedError
from zdm.execute import rollback
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone, StepStarted
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Irreversible, Phase, Plan, RunSql, Side
from zdm.model.release import RunState
from zdm.postgres.backfill.engine import Pacing
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.server.provider import Server
from zdm.serialize import snapshot_file

PLAIN = [case for case in cases.PLANNED if case.name == "plain"]
FIXED = 18  # the major version that schema.json is of


def served(plan: Plan, case: Path, url: str, event: Event) -> None:
    """Run the statements of the versions that work after this step."""
    if not isinstance(event, StepDone):
        return
    (step,) = (step for step in plan.steps if step.id == event.id)
    for side in sorted(step.serves):
        if side is Side.OLD and step.phase.position >= Phase.ROLLOUT.position:
            continue  # it is gone
        cases.speak(url, case / f"{side}.sql")


def runs_as_planned(server: Server, case: Path) -> None:
    with fresh_database(server) as url, fresh_database(server) as plain:
        start = cases.prepare(url, case)
        cases.prepare(plain, case)
        expected = cases.apply_plainly(plain, case)
        plan = cases.plan(case, start)
        watching = Watching(lambda event: served(plan, case, url, event))
        state = cases.run(url, plan, watching=watching)

        assert state is RunState.CONTRACTED
        assert cases.differences(expected, cases.read(url)) == ()


def is_undone(server: Server, case: Path) -> None:
    with fresh_database(server) as url:
        start = cases.prepare(url, case)
        plan = cases.plan(case, start)
        cases.run(url, plan, until=RunState.BACKFILLED)
        if not reversible(plan):
            with pytest.raises(RefusedError):
                revert(url, plan)
            return
        revert(url, plan)
        left = cases.read(url)

        assert snapshot_file.difference(start, left) == ()
        assert cases.run(url, plan) is RunState.CONTRACTED


def revert(url: str, plan: Plan) -> None:
    stop, clock = StopFlag(), SystemClock()
    database = PostgresDatabase(url, clock, stop, Pacing.FULL)
    world = World(database=database, platform=None, observer=Watching(), clock=clock, stop=stop)
    try:
        rollback.revert(plan, world, cases.options())
    finally:
        database.close()


def reversible(plan: Plan) -> bool:
    """Whether there is anything to undo, and a way to undo it."""
    before = [s for s in plan.steps if s.phase.position < Phase.ROLLOUT.position]
    lost = [s for s in before if isinstance(s, RunSql) and isinstance(s.undo, Irreversible)]
    return bool(plan.steps) and not lost


def survives_kills(server: Server, case: Path) -> None:
    """An executor dies by SIGKILL at each start of a step, the next one at its end: the journal
    and the probes bring the run to the same end."""
    with fresh_database(server) as url, fresh_database(server) as plain:
        start = cases.prepare(url, case)
        cases.prepare(plain, case)
        expected = cases.apply_plainly(plain, case)
        plan = cases.plan(case, start)
        kills = [killed(url, plan, at) for _ in plan.steps for at in (StepStarted, StepDone)]

        assert set(kills) <= {signal.SIGKILL}

        assert cases.run(url, plan) is RunState.CONTRACTED
        assert cases.differences(expected, cases.read(url)) == ()


def killed(url: str, plan: Plan, at: type[Event]) -> int:
    """Run in a child that kills itself at its first event of that kind; the number of the
    signal that ended it."""

    def suicide(event: Event) -> None:
        if isinstance(event, at):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            cases.run(url, plan, watching=Watching(suicide))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@pytest.fixture(scope="module")
def fixed(server: Server) -> Server:
    if server.major != FIXED:
        pytest.skip(f"schema.json is of PostgreSQL {FIXED}, and this is {server.major}")
    return server


@pytest.mark.parametrize("case", cases.CASES, ids=cases.name)
def test_the_schema_on_file_is_what_the_server_says(
    fixed: Server, case: Path, golden: Golden
) -> None:
    with fresh_database(fixed) as url:
        snapshot = cases.prepare(url, case)
    file = case / "schema.json"
    if golden.bless:
        file.write_text(snapshot_file.dumps(snapshot))
    on_file = snapshot_file.loads(file.read_text(), str(file))

    assert snapshot_file.difference(on_file, snapshot) == ()


@pytest.mark.parametrize("case", PLAIN, ids=cases.name)
def test_a_case_runs_as_planned(server: Server, case: Path) -> None:
    runs_as_planned(server, case)


@pytest.mark.parametrize("case", PLAIN, ids=cases.name)
def test_a_case_is_undone_before_the_rollout(server: Server, case: Path) -> None:
    is_undone(server, case)


@pytest.mark.parametrize("case", PLAIN, ids=cases.name)
def test_a_case_survives_a_kill_at_every_step(server: Server, case: Path) -> None:
    survives_kills(server, case)


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_a_case_runs_on_every_version(every_server: Server, case: Path) -> None:
    runs_as_planned(every_server, case)


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_a_case_is_undone_on_every_version(every_server: Server, case: Path) -> None:
    is_undone(every_server, case)


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_a_case_survives_kills_on_every_version(every_server: Server, case: Path) -> None:
    survives_kills(every_server, case)
