"""The run, the platform and the way back on a real server."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.fakes.platform import FakePlatform, Scene
from tests.waiting import until_true
from zdm.backfill.pacing import Pacing
from zdm.errors import RefusedError, RolloutError, StoppedError, TemporaryError, ZdmError
from zdm.execute import admission, rollback, runner
from zdm.execute.admission import Admitted
from zdm.execute.clock import SystemClock
from zdm.execute.events import (
    DeployStarted,
    Event,
    GateClear,
    RowsStay,
    RunStarted,
    RunStopped,
    Waiting,
)
from zdm.execute.gate import decision
from zdm.execute.ports import Platform
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.plan import Phase, Plan, RunSql
from zdm.model.release import (
    Instance,
    InstanceState,
    RolloutFailed,
    RunState,
    Spawner,
    Version,
)
from zdm.model.statement import Setting
from zdm.postgres.journal import runs as journal
from zdm.postgres.journal import versions
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file
from zdm.workflows import plan_files

RENAME = cases.ROOT / "rename_column/plain"
INDEX = cases.ROOT / "create_index/plain"
OLD, NEW = Version("v1"), Version("v2")
START = SystemClock().now()


@dataclass
class Stage:
    """A database, a platform and how the run ended."""

    url: str
    plan: Plan
    platform: Platform | None = None
    watching: Watching = field(default_factory=Watching)
    options: Options = field(
        default_factory=lambda: replace(
            cases.options(),
            rollout=replace(cases.QUICK, deadline=timedelta(seconds=60)),
            assume_deployed=False,
        )
    )

    @contextmanager
    def world(self) -> Iterator[World]:
        stop, clock = StopFlag(), SystemClock()
        database = PostgresDatabase(self.url, clock, stop, Pacing.FULL)
        with closing(database):
            yield World(
                database=database,
                platform=self.platform,
                observer=self.watching,
                clock=clock,
                stop=stop,
            )

    def execute(self, until: RunState = RunState.CONTRACTED) -> RunState:
        with self.world() as world:
            text = plan_files.plan_text(self.plan)
            return runner.execute(text, world, replace(self.options, until=until))

    def revert(self) -> RunState:
        with self.world() as world:
            return rollback.revert(self.plan, world, self.options)

    def state(self) -> RunState:
        with connection.connect(self.url, name="tests") as conn:
            run = journal.latest(conn)
        assert run is not None
        return run.state

    def columns(self) -> set[str]:
        return {c.name for t in cases.read(self.url).tables for c in t.columns}


@pytest.fixture
def stage(database: str) -> Stage:
    """The rename, at its start."""
    return Stage(url=database, plan=cases.plan(RENAME, cases.prepare(database, RENAME)))


def alive(version: Version, state: InstanceState = InstanceState.READY) -> Instance:
    return Instance(
        id=f"app-{version}", workload="app", version=version, state=state, since=START
    )


def spawns(version: Version) -> Spawner:
    return Spawner(id="template", version=version)


def scenes(*shown: Scene) -> FakePlatform:
    return FakePlatform(scenes=deque(shown))


DONE = Scene(instances=(alive(NEW),), spawners=(spawns(NEW),))


def test_the_contract_waits_for_a_terminating_old_instance(stage: Stage) -> None:
    old = alive(OLD, InstanceState.TERMINATING)
    draining = Scene(instances=(old, alive(NEW)), spawners=(spawns(NEW),))
    platform = scenes(draining, draining, DONE)
    stage.platform = platform
    state = stage.execute()
    waits = [e for e in stage.watching.events if isinstance(e, Waiting)]

    assert state is RunState.CONTRACTED
    assert platform.asked == ["deploy v2"]
    assert [(w.gate, w.names) for w in waits] == 2 * [
        ("old version", ("app-v1 (v1, terminating)",))
    ]


def test_a_failed_deploy_goes_back_and_keeps_the_expand(stage: Stage) -> None:
    platform = scenes(Scene(status=RolloutFailed(reason="it crashed")), DONE)
    stage.platform = platform
    with pytest.raises(RolloutError, match="it crashed"):
        stage.execute()
    after = (stage.state(), stage.columns() >= {"email", "new_email"})

    assert platform.asked == ["deploy v2", "rollback v1"]
    assert after == (RunState.FAILED_KEPT_EXPANDED, True)
    assert stage.execute() is RunState.CONTRACTED


def test_the_old_version_is_admitted_before_the_application_goes_back(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    admitted: list[type] = []

    def look(event: Event) -> None:
        if isinstance(event, DeployStarted):
            runs = versions.read(stage.url)
            admitted.extend(type(admission.decide(name, runs)) for name in (OLD, NEW))

    stage.watching = Watching(look)
    stage.platform = scenes(Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))
    stage.revert()

    assert admitted == [Admitted, decision.Wait]


def test_a_rollback_that_cannot_begin_leaves_the_run_as_it_is(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    stage.platform = None
    with pytest.raises(StoppedError, match="whether the new version is gone"):
        stage.revert()

    assert stage.state() is RunState.DEPLOYED


def test_somebody_elses_rollback_stops_the_run(stage: Stage) -> None:
    platform = scenes(Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))
    stage.platform = platform
    with pytest.raises(StoppedError, match="would start another version"):
        stage.execute()

    assert platform.asked == ["deploy v2"]
    assert stage.columns() >= {"email", "new_email"}


def test_a_rollback_between_the_rollout_and_the_contract_stops_it(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    stage.platform = scenes(Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))
    with pytest.raises(StoppedError, match="would start another version"):
        stage.execute()

    assert stage.columns() >= {"email", "new_email"}


@dataclass(slots=True)
class Away(FakePlatform):
    """Cannot be told to go back for a while."""

    silent: int = 3

    def rollback(self, version: Version) -> str:
        if self.silent:
            self.silent -= 1
            raise TemporaryError("the platform does not answer")
        return FakePlatform.rollback(self, version)


def test_a_rollback_waits_for_a_platform_that_does_not_answer(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    platform = Away(scenes=deque([Scene(instances=(alive(OLD),), spawners=(spawns(OLD),))]))
    stage.platform = platform

    assert stage.revert() is RunState.REVERTED
    assert platform.asked == ["rollback v1"]
    assert "new_email" not in stage.columns()


@contextmanager
def session(url: str, name: str) -> Iterator[None]:
    with connection.connect(url, name="tests") as conn:
        conn.execute("SELECT pg_catalog.set_config('application_name', %s, false)", (name,))
        yield


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("zdm-app:v1/web/1", id="of the old version"),
        pytest.param("zdm-app:v0/web/1", id="of an older version"),
        pytest.param("zdm-app:v22/web/1", id="of a version with a like name"),
        pytest.param("", id="without a name"),
        pytest.param("psql", id="of nobody known"),
    ],
)
def test_a_session_holds_the_gate(stage: Stage, name: str) -> None:
    stage.platform = scenes(DONE)
    quick = replace(
        stage.options.rollout, allowed_sessions=(), deadline=timedelta(milliseconds=50)
    )
    stage.options = replace(stage.options, rollout=quick)
    with session(stage.url, name), pytest.raises(StoppedError, match="was not gone within"):
        stage.execute()
    held = [e for e in stage.watching.events if isinstance(e, Waiting)]

    assert held[0].gate == "sessions"
    assert held[0].names[0].startswith(f"{name or 'unnamed'} (pid ")
    assert stage.columns() >= {"email", "new_email"}


def test_sessions_of_the_new_version_and_allowed_ones_do_not_hold_it(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    allowing = replace(stage.options.rollout, allowed_sessions=("metabase*",))
    stage.options = replace(stage.options, rollout=allowing)
    with session(stage.url, "zdm-app:v2/web/1"), session(stage.url, "metabase 1"):
        state = stage.execute()

    assert state is RunState.CONTRACTED


def test_without_a_platform_the_run_stays_backfilled(stage: Stage) -> None:
    with pytest.raises(StoppedError, match="no platform is declared"):
        stage.execute()

    assert stage.state() is RunState.BACKFILLED


def test_a_connection_lost_in_the_rollout_is_made_anew(stage: Stage) -> None:
    def cut(event: object) -> None:
        if isinstance(event, DeployStarted):
            with connection.connect(stage.url, name="tests") as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                    " application_name LIKE 'zdm-run:execute%'"
                    " AND datname = current_database()"
                )

    stage.platform = scenes(DONE)
    stage.watching = Watching(cut)

    assert stage.execute() is RunState.CONTRACTED


def test_the_soak_began_with_the_first_attempt(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    soaking = replace(stage.options.rollout, soak=timedelta(hours=1))
    stage.options = replace(stage.options, rollout=soaking)

    def stop(event: object) -> None:
        if isinstance(event, Waiting) and event.gate == "soak":
            raise ZdmError("killed")

    ends = []
    for _ in range(2):
        stage.watching = Watching(stop)
        with pytest.raises(ZdmError, match="killed"):
            stage.execute()
        ends += [e.eta for e in stage.watching.events if isinstance(e, Waiting) and e.eta]
        with connection.connect(stage.url, name="tests") as conn:
            conn.execute("UPDATE zdm.run SET soak_since = soak_since - interval '30 minutes'")

    assert stage.state() is RunState.SOAKING
    assert len(ends) == 2
    assert abs(ends[0] - ends[1] - timedelta(minutes=30)) < timedelta(minutes=10)


@pytest.mark.parametrize(
    "until", [RunState.EXPANDED, RunState.BACKFILLED, RunState.DEPLOYED], ids=str
)
def test_a_run_is_taken_back(stage: Stage, until: RunState) -> None:
    before = cases.read(stage.url)
    stage.platform = scenes(DONE)
    stage.execute(until=until)
    back = scenes(Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))
    stage.platform = back
    state = stage.revert()

    assert state is RunState.REVERTED
    assert snapshot_file.difference(before, cases.read(stage.url)) == ()
    assert back.asked == (["rollback v1"] if until is RunState.DEPLOYED else [])


def test_an_undo_runs_under_the_settings_of_its_step(stage: Stage) -> None:
    first, *others = stage.plan.steps
    assert isinstance(first, RunSql)
    with connection.connect(stage.url, name="tests") as conn:
        conn.execute(b"CREATE SCHEMA side; CREATE TABLE side.marks (id int)")
    path = Setting(name="search_path", value="side")
    marked = replace(
        first, settings=(path,), undo=(*tuple_of(first), "INSERT INTO marks VALUES (1)")
    )
    stage.plan = replace(stage.plan, steps=(marked, *others))
    stage.plan = replace(
        stage.plan, fingerprint=snapshot_file.fingerprint(cases.read(stage.url))
    )
    stage.execute(until=RunState.EXPANDED)
    stage.revert()
    with connection.connect(stage.url, name="tests") as conn:
        marks = conn.execute(b"SELECT id FROM side.marks").fetchall()

    assert marks == [(1,)]


def tuple_of(step: RunSql) -> tuple[str, ...]:
    assert isinstance(step.undo, tuple)
    return step.undo


def test_no_step_is_undone_while_the_new_version_lives(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    both = Scene(instances=(alive(OLD), alive(NEW)), spawners=(spawns(OLD),))
    stage.platform = scenes(both, Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))
    seen: list[set[str]] = []
    stage.watching = Watching(
        lambda e: seen.append(stage.columns()) if isinstance(e, Waiting) else None
    )
    state = stage.revert()

    assert state is RunState.REVERTED
    assert len(seen) == 1
    assert seen[0] >= {"email", "new_email"}


def test_where_somebody_else_deploys_a_rollback_says_who_must_act_and_waits(
    stage: Stage,
) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    back = Scene(instances=(alive(OLD),), spawners=(spawns(OLD),))
    stage.platform = scenes(DONE, DONE, back)
    stage.platform.deploys, stage.platform.left_over = False, "you must bring web to v1"
    state = stage.revert()
    waits = [e.reason for e in stage.watching.events if isinstance(e, Waiting)]

    assert state is RunState.REVERTED
    assert waits[-3:] == [
        "you must bring web to v1",
        "not yet moved to v1: template (v2)",
        "not yet moved to v1: template (v2)",
    ]
    assert "new_email" not in stage.columns()


def test_a_new_version_deployed_without_zdm_is_seen_by_its_session(stage: Stage) -> None:
    stage.execute(until=RunState.BACKFILLED)
    with session(stage.url, "zdm-app:v2/web/1"), pytest.raises(StoppedError):
        stage.revert()

    assert stage.columns() >= {"email", "new_email"}


def test_past_the_marker_there_is_no_way_back(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    broken = tuple(
        replace(s, sql=("SELECT 1 / 0",))
        if s.phase is Phase.DROP and isinstance(s, RunSql)
        else s
        for s in stage.plan.steps
    )
    stage.plan = replace(stage.plan, steps=broken)
    with pytest.raises(ZdmError, match="after the point of no return"):
        stage.execute()
    with pytest.raises(RefusedError, match="past the point of no return") as caught:
        stage.revert()

    assert "run `zdm execute` again" in caught.value.hint


def test_a_half_done_step_is_taken_back_too(database: str) -> None:
    before = cases.prepare(database, INDEX)
    plan = cases.plan(INDEX, before)
    stage = Stage(url=database, plan=plan)
    step = next(s for s in plan.steps if isinstance(s, RunSql) and not s.in_transaction)
    with connection.connect(database, name="tests") as conn:
        with (
            connection.connect(database, name="writer", autocommit=False) as writer,
            ThreadPoolExecutor(1) as pool,
        ):
            writer.execute(
                f"LOCK TABLE {step.locks[0].table.sql} IN ROW EXCLUSIVE MODE".encode()
            )
            building = pool.submit(conn.execute, step.sql[0].encode())
            with connection.connect(database, name="look") as look:
                until_true(look, "SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
            conn.cancel_safe()
            with pytest.raises(psycopg.errors.QueryCanceled):
                building.result()
        text = plan_files.plan_text(plan)
        journal.make(conn)
        run = journal.begin(conn, text, "killed")
        journal.intend(conn, journal.Fence(run.id, run.epoch), step.id)
    left = cases.read(database)
    state = stage.revert()

    assert snapshot_file.difference(before, left) != ()
    assert state is RunState.REVERTED
    assert snapshot_file.difference(before, cases.read(database)) == ()


def test_the_gate_is_looked_at_before_each_contract_statement(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    polls = scenes(*[DONE] * 50)
    stage.platform = polls
    stage.watching = Watching()
    stage.execute()
    contract = [s for s in stage.plan.steps if s.phase.position > 4]

    assert 50 - len(polls.scenes) == len(contract)
    assert not [e for e in stage.watching.events if isinstance(e, GateClear)]


def test_a_prepared_transaction_holds_the_gate(stage: Stage) -> None:
    stage.platform = scenes(DONE)
    quick = replace(
        stage.options.rollout, allowed_sessions=(), deadline=timedelta(milliseconds=50)
    )
    stage.options = replace(stage.options, rollout=quick)
    with connection.connect(stage.url, name="tests", autocommit=False) as conn:
        if conn.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
            pytest.skip("this server takes no prepared transactions")
        conn.execute("PREPARE TRANSACTION 'left behind'")
        try:
            with pytest.raises(StoppedError, match="was not gone within"):
                stage.execute()
        finally:
            conn.rollback()
            conn.autocommit = True
            conn.execute("ROLLBACK PREPARED 'left behind'")
    held = [e for e in stage.watching.events if isinstance(e, Waiting)]

    assert held[0].names[0].startswith("prepared transaction left behind")


@pytest.mark.parametrize(
    ("slug", "step", "reason"),
    [
        ("backfill", "backfill-1-users-nickname-fill", "the previous values are not recorded"),
        ("insert_rows", "expand-1-roles-insert", "which rows were inserted is not recorded"),
    ],
)
def test_a_rollback_says_which_rows_it_does_not_bring_back(
    database: str, slug: str, step: str, reason: str
) -> None:
    case = cases.ROOT / slug / "plain"
    stage = Stage(url=database, plan=cases.plan(case, cases.prepare(database, case)))
    stage.execute(RunState.BACKFILLED)
    stage.watching.events.clear()
    stage.revert()
    events = stage.watching.events
    before = next(e for e in events if not isinstance(e, RunStarted))

    assert before == RowsStay(id=step, reason=reason)
    assert events[-1] == RunStopped(
        state=RunState.REVERTED,
        reason=f"the schema is as before; rows that {step} changed stay as they are",
    )
