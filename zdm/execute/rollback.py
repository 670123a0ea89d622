"""Roll back an unfinished run: the application first, then the schema.

Before the point of no return the old version only has to be deployed again. Its instances must
be the only ones alive before a step is undone: the new version reads what the undo removes.
Past the marker a rollback is refused; the last copy of data is never dropped.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import assert_never

from msgspec.structs import replace

from zdm.errors import RefusedError, StoppedError
from zdm.execute import states
from zdm.execute.events import (
    RowsStay,
    RunStarted,
    RunStopped,
    StateChanged,
    StepReverted,
    Suspicious,
    Waiting,
)
from zdm.execute.gate.decision import APPLICATION, Purpose
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.patience import claim, patiently
from zdm.execute.ports import JournalRun, OrderedError
from zdm.execute.recorder import Recorder
from zdm.execute.world import Options, World
from zdm.model.plan import AwaitRollout, Backfill, Irreversible, Plan, RunSql, Step
from zdm.model.release import RunState
from zdm.schema import enums
from zdm.serialize import snapshot_file

_BY_HAND = (
    "it ran as written, so zdm has no undo for it: if it changed the schema, undo that by hand"
)


def revert(plan: Plan, world: World, options: Options) -> RunState:
    """Undo every done step in reverse order; raises RefusedError if that is impossible.

    The caller gives the plan as the journal holds it.
    """
    recorder = Recorder(world.observer, world.database, world.clock)
    world = replace(world, observer=recorder)
    claim(world, options)
    world.database.keep(plan)
    run = world.database.journal.unfinished()
    if run is None:
        raise RefusedError("no run is unfinished, so there is nothing to roll back")
    _refuse(run, _undone(plan, run))
    run = world.database.journal.adopt(run)
    world.observer.notify(
        RunStarted(
            plan=run.plan_name,
            digest=run.digest,
            run=run.id,
            resumed=True,
            steps=len(plan.steps),
            done=len(run.done),
        )
    )
    undone = _undone(plan, run)
    by_hand = tuple(step for step in undone if _is_as_written(step))
    staying = tuple(_rows_stay(undone))
    for id, reason in staying:
        world.observer.notify(RowsStay(id=id, reason=reason))
    for step in by_hand:
        world.observer.notify(Suspicious(id=step.id, reason=_BY_HAND))
    for step in _undone(plan, run, goes_back=_application(run, plan, world, options)):
        if step not in by_hand:
            _undo(step, world, options)
    _equals_start(plan, world, by_hand)
    for step in by_hand:
        world.database.journal.forget(step)
    world.database.journal.record_state(RunState.REVERTED)
    world.observer.notify(RunStopped(state=RunState.REVERTED, reason=_left(undone)))
    return RunState.REVERTED


def _application(run: JournalRun, plan: Plan, world: World, options: Options) -> bool:
    """Roll the application back and wait for it, if the new version may run."""
    goes_back = _may_run_new(run, plan) or _runs_new(world, options)
    if goes_back:
        GateKeeper(world=world, options=options).require_platform(Purpose.GO_BACK)
    rollout = _rollout(plan)
    # before the application is rolled back: from now on `zdm guard` admits the old version only
    if goes_back and rollout is not None:
        world.database.journal.go_back(rollout)
    else:
        world.database.journal.record_state(RunState.REVERTING)
    world.observer.notify(StateChanged(state=RunState.REVERTING))
    if goes_back:
        _application_back(world, options)
    return goes_back


def _undone(plan: Plan, run: JournalRun, *, goes_back: bool = False) -> list[Step]:
    """The steps to undo, the last one first; with `goes_back` the rollout is begun."""
    return [
        step
        for step in reversed(plan.steps)
        if step.id in {*run.done, *run.begun} or (goes_back and isinstance(step, AwaitRollout))
    ]


def _is_as_written(step: Step) -> bool:
    """Whether the author's own text ran, which has no undo."""
    return isinstance(step, RunSql) and step.as_written


def _refuse(run: JournalRun, undone: list[Step]) -> None:
    if run.past_return:
        raise RefusedError(
            f"the run of `{run.plan_name}` is past the point of no return, so undoing it would"
            " lose what the new version wrote",
            hint="fix what stops it and run `zdm execute` again; for the old version's"
            " behaviour, release a new version that has it",
        )
    for step in undone:
        undo = None if isinstance(step, AwaitRollout) else step.undo
        if isinstance(undo, Irreversible) and not undo.harmless and not _is_as_written(step):
            raise RefusedError(
                f"{step.id} is done and cannot be undone: {undo.reason}",
                hint="finish the run with `zdm execute`, or undo the step by hand",
            )


def _left(undone: list[Step]) -> str:
    """What a rollback leaves, in words."""
    found = [(step.id, undo) for step, undo in _irreversible(undone)]
    rows = ", ".join(id for id, undo in found if undo.label is None)
    labels = ", ".join(id for id, undo in found if undo.label is not None)
    said = f"the schema is as before but for the enum labels of {labels}" if labels else ""
    if rows:
        said = f"{said or 'the schema is as before'}; rows that {rows} changed stay as they are"
    return said


def _irreversible(undone: list[Step]) -> Iterator[tuple[Step, Irreversible]]:
    """The steps without undo, in the order of the plan."""
    for step in reversed(undone):
        if not isinstance(step, AwaitRollout) and isinstance(step.undo, Irreversible):
            yield step, step.undo


def _rows_stay(undone: list[Step]) -> Iterator[tuple[str, str]]:
    """Steps, in the order of the plan, whose rows no rollback brings back, each with the
    reason."""
    for step, undo in _irreversible(undone):
        if undo.label is None and not _is_as_written(step):
            yield step.id, undo.reason


def _rollout(plan: Plan) -> AwaitRollout | None:
    return next((step for step in plan.steps if isinstance(step, AwaitRollout)), None)


def _may_run_new(run: JournalRun, plan: Plan) -> bool:
    """Whether the new version was ever requested: from DEPLOYING on.

    An earlier rollback of the application has left the rollout begun.
    """
    before = (
        RunState.PLANNED,
        RunState.EXPANDING,
        RunState.EXPANDED,
        RunState.BACKFILLING,
        RunState.BACKFILLED,
        RunState.REVERTING,
    )
    rollout = _rollout(plan)
    rolled = rollout is not None and rollout.id in {*run.done, *run.begun}
    return rolled or run.state not in before or states.reached(plan, run.done) not in before


def _runs_new(world: World, options: Options) -> bool:
    """Whether the new version is seen: it may have been deployed without zdm."""
    platform = world.platform
    if platform and any(
        i.version == options.new for i in platform.observe(options.old).instances
    ):
        return True
    name = f"{APPLICATION}{options.new}/"
    return any(s.application.startswith(name) for s in world.database.sessions())


def _application_back(world: World, options: Options) -> None:
    keeper = GateKeeper(world=world, options=options)
    left = keeper.bring_back()
    if left:
        now = world.clock.now()
        world.observer.notify(Waiting(gate="version", reason=left, since=now))
    keeper.wait_until_back()


def _undo(step: Step, world: World, options: Options) -> None:
    match step:
        case RunSql() | Backfill():
            patiently(world, options, lambda: _revert(step, world), gate="lock")
        case AwaitRollout():
            patiently(world, options, lambda: world.database.journal.forget(step), gate="lock")
        case _:
            assert_never(step)
    world.observer.notify(StepReverted(id=step.id, title=step.title))


def _revert(step: RunSql | Backfill, world: World) -> None:
    restores = isinstance(step, RunSql) and step.restore is not None
    with closing(world.database.revert(step)) as events:
        for event in events:
            world.observer.notify(event)
            if restores:  # in batches, which may end anywhere
                world.stop.check()
                if world.database.orders.current() is not None:
                    raise OrderedError("the operator paused or cancelled the rollback")


def _equals_start(plan: Plan, world: World, by_hand: tuple[Step, ...]) -> None:
    now = world.database.snapshot(plan.stamp.table if plan.stamp else None)
    if snapshot_file.fingerprint(enums.without(now, plan.labels)) != plan.fingerprint:
        if by_hand:
            written = "; ".join(f"{step.id}: {step.title}" for step in by_hand)
            raise StoppedError(
                "all that zdm can undo was undone, but the schema is not the one the plan"
                f" started from: {written}",
                hint="undo by hand what ran as written, then run `zdm rollback` again; or"
                " continue the run with `zdm execute`",
            )
        raise StoppedError(
            "every step was undone, but the schema is not the one the plan started from",
            hint="it was changed meanwhile: compare with `zdm snapshot`, then fix it",
        )
