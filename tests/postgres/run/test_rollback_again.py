"""A rollback that was interrupted goes on with the same command, or `zdm execute` undoes it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.fakes.platform import FakePlatform, Scene
from tests.postgres.run.test_rollback import DONE, NEW, OLD, Stage, alive, scenes, spawns
from zdm.errors import TemporaryError, ZdmError
from zdm.execute.events import Event, StateChanged, StepReverted
from zdm.model.plan import Backfill, RunSql
from zdm.model.release import RolloutFailed, RunState
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file
from zdm.workflows import rollback_run

RENAME = cases.ROOT / "rename_column/plain"
BACKFILL = cases.ROOT / "backfill/plain"


def staged(database: str, case: Path = RENAME) -> Stage:
    return Stage(url=database, plan=cases.plan(case, cases.prepare(database, case)))


def back() -> FakePlatform:
    return scenes(Scene(instances=(alive(OLD),), spawners=(spawns(OLD),)))


def killed_at(kind: Callable[[Event], bool]) -> Watching:
    def kill(event: Event) -> None:
        if kind(event):
            raise ZdmError("killed")

    return Watching(kill)


def interrupt(stage: Stage, kind: Callable[[Event], bool]) -> None:
    stage.watching = killed_at(kind)
    with pytest.raises(ZdmError, match="killed"):
        stage.revert()
    stage.watching = Watching()


def is_reverting(event: Event) -> bool:
    return event == StateChanged(state=RunState.REVERTING)


def is_undone(event: Event) -> bool:
    return isinstance(event, StepReverted)


@pytest.mark.parametrize("kind", [is_reverting, is_undone])
def test_it_needs_no_word_again_that_it_did_not_need_at_first(
    database: str, kind: Callable[[Event], bool]
) -> None:
    stage = staged(database)
    before = cases.read(database)
    stage.execute(until=RunState.BACKFILLED)
    interrupt(stage, kind)

    assert stage.revert() is RunState.REVERTED
    assert snapshot_file.difference(before, cases.read(database)) == ()


def test_once_the_application_had_to_go_back_it_has_to_again(database: str) -> None:
    stage = staged(database)
    failing = scenes(Scene(instances=(alive(OLD), alive(NEW)), spawners=(spawns(NEW),)))
    stage.platform = failing
    rollout = replace(stage.options.rollout, deadline=timedelta(0))
    stage.options = replace(stage.options, rollout=rollout)
    with pytest.raises(ZdmError, match="was not gone"):
        stage.execute()  # deploying, and not deployed
    interrupt(stage, is_reverting)
    stage.platform = None
    with pytest.raises(ZdmError, match="whether the new version is gone"):
        stage.revert()

    platform = stage.platform = back()
    assert stage.revert() is RunState.REVERTED
    assert platform.asked == ["rollback v1"]


def test_an_undo_whose_acknowledgement_was_lost_is_not_done_again(database: str) -> None:
    stage = staged(database, BACKFILL)
    stage.execute(until=RunState.BACKFILLED)
    with stage.world() as world:
        world.database.claim(print)
        run = world.database.journal.unfinished()
        assert run is not None
        world.database.journal.adopt(run)
        for step in reversed(stage.plan.steps):
            if isinstance(step, RunSql | Backfill) and step.id in run.done:
                for _ in range(2):
                    assert list(world.database.revert(step)) == []

    assert stage.revert() is RunState.REVERTED


def test_after_its_end_the_same_command_finds_it_done(database: str) -> None:
    stage = staged(database)
    stage.execute(until=RunState.EXPANDED)
    ends = []
    for _ in range(2):
        with stage.world() as world:
            ends.append(rollback_run.run(database, world, stage.options))

    assert ends == [RunState.REVERTED] * 2


def test_execute_undoes_it_and_deploys_again(database: str) -> None:
    stage = staged(database)
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    stage.platform = back()
    interrupt(stage, is_reverting)
    platform = stage.platform = scenes(DONE, DONE, DONE, DONE)

    assert stage.execute() is RunState.CONTRACTED
    assert platform.asked == ["deploy v2"]


def test_a_second_rollout_has_a_revert_window_of_its_own(database: str) -> None:
    stage = staged(database)
    stage.platform = scenes(DONE)
    stage.execute(until=RunState.DEPLOYED)
    with connection.connect(database, name="tests") as conn:
        conn.execute(
            "UPDATE zdm.run SET deployed_at = deployed_at - interval '2 hours',"
            " soak_since = soak_since - interval '2 hours',"
            " window_ended_at = clock_timestamp(), window_ended_by = 'somebody'"
        )
    stage.platform = back()
    interrupt(stage, is_undone)
    stage.platform = scenes(DONE)
    window = replace(stage.options.rollout, revert_window=timedelta(hours=1))
    stage.options = replace(stage.options, rollout=window, no_wait=True)
    with pytest.raises(TemporaryError, match="the revert window is open until"):
        stage.execute()

    assert stage.state() is not RunState.CONTRACTED


def test_a_second_rollout_soaks_as_long_as_the_first(database: str) -> None:
    stage = staged(database)
    stage.platform = scenes(DONE, Scene(status=RolloutFailed(reason="it crashed")))
    soaking = replace(stage.options.rollout, soak=timedelta(hours=1))
    stage.options = replace(stage.options, rollout=soaking)
    with pytest.raises(ZdmError, match="it crashed"):
        stage.execute()
    with connection.connect(database, name="tests") as conn:
        row = conn.execute("SELECT soak_since FROM zdm.run").fetchone()

    assert stage.state() is RunState.FAILED_KEPT_EXPANDED
    assert row == (None,)
