"""Run a plan: step after step, each recorded, resumable after any kill.

The runner knows no operation and no platform. It asks the journal what is done, does the
next step, waits where it must and reports why. A failure before the point of no return leaves
both application versions working; a failure after it needs a person.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TypeVar, assert_never

from msgspec.structs import replace

from zdm.errors import (
    PastReturnError,
    RefusedError,
    TemporaryError,
    ZdmError,
)
from zdm.execute import preflight, revert_window, states
from zdm.execute.events import (
    Event,
    PointOfNoReturn,
    RunStarted,
    RunStopped,
    StateChanged,
    StepDone,
    StepStarted,
    Suspicious,
)
from zdm.execute.gate.decision import Purpose
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.patience import Done, claim, patiently
from zdm.execute.ports import JournalRun, OrderedError, PlanText
from zdm.execute.recorder import Recorder
from zdm.execute.world import Options, World
from zdm.model.plan import AwaitRollout, Backfill, Phase, Plan, RunSql, Step
from zdm.model.release import RunState

T = TypeVar("T")


def execute(plan: PlanText, world: World, options: Options) -> RunState:
    """Run the plan to `options.until`; returns the state that is reached.

    Raises RefusedError (nothing changed), StoppedError, RolloutError, PastReturnError or
    TemporaryError; the journal holds what was done.
    """
    runner = _Runner(plan, world, options)
    return runner.run()


class _LostStepsError(Exception):
    """Steps that were done are no longer done in the journal."""

    def __init__(self, steps: set[str]) -> None:
        super().__init__()
        self.steps = steps


class _Runner:
    def __init__(self, plan: PlanText, world: World, options: Options) -> None:
        self.text = plan
        self.plan: Plan = plan.plan
        recorder = Recorder(world.observer, world.database, world.clock)
        self.world = world = replace(world, observer=recorder)
        self.options = options
        self.done: set[str] = set()
        self.past_return = False
        self.keeper = GateKeeper(
            world=self.world,
            options=options,
            watched=tuple(s for s in self.plan.steps if isinstance(s, Backfill)),
        )

    def run(self) -> RunState:
        """Claim, check, and do what is not done."""
        claim(self.world, self.options)
        self.world.database.keep(self.plan)
        if self.world.database.journal.finished(self.text.digest):
            return RunState.CONTRACTED
        journal = preflight.check(
            self.text, self.world.database, self.options, self.world.observer.notify
        )
        self.keeper.check()
        self._begin(journal)
        try:
            return self._steps()
        except (PastReturnError, TemporaryError, RefusedError):
            raise  # refused: another executor continues the run
        except ZdmError as error:
            if self.past_return:
                raise PastReturnError(
                    f"after the point of no return: {error.message}",
                    hint=f"rollback is no longer possible: {error.hint}",
                ) from error
            raise

    def _begin(self, journal: JournalRun | None) -> None:
        database = self.world.database
        resumed = journal is not None
        run = (
            database.journal.begin(self.text)
            if journal is None
            else database.journal.adopt(journal)
        )
        self.done = set(run.done)
        self.past_return = run.past_return
        old, new = self.options.old, self.options.new
        self._retrying(lambda: database.journal.name_versions(old, new))
        self.world.observer.notify(
            RunStarted(
                plan=self.plan.name,
                digest=self.text.digest,
                run=run.id,
                resumed=resumed,
                steps=len(self.plan.steps),
                done=len(self.done),
            )
        )

    def _steps(self) -> RunState:
        while True:
            try:
                return self._each_step()
            except _LostStepsError as error:
                self.world.observer.notify(
                    Suspicious(
                        id=", ".join(sorted(error.steps)),
                        reason="the server lost commits that it had acknowledged; done again",
                    )
                )

    def _each_step(self) -> RunState:
        last = states.LAST_PHASE[self.options.until].position
        for position, step in enumerate(self.plan.steps, start=1):
            if step.phase.position > last:
                break
            if step.id not in self.done:
                self._retrying(self._recall)  # and follow the operator's orders
                if step is self._first_of_contract():
                    revert_window.keep(self.world, self.options)
                self._step(step, position)
        self._retrying(self._recall)
        reached = states.reached(self.plan, self.done)
        self._retrying(lambda: self.world.database.journal.record_state(reached))
        self.world.observer.notify(RunStopped(state=reached))
        return reached

    def _recall(self) -> None:
        """A crash without synchronous commit, or a replica that took over, loses commits."""
        run = self.world.database.journal.recall()
        lost = self.done - set(run.done)
        self.done, self.past_return = set(run.done), run.past_return
        if lost:
            raise _LostStepsError(lost)

    def _first_of_contract(self) -> Step | None:
        """The step before which the revert window must be over."""
        after = (s for s in self.plan.steps if s.phase.position > Phase.ROLLOUT.position)
        return next(after, None)

    def _step(self, step: Step, position: int) -> None:
        state = states.RUNNING[step.phase]
        observer, clock = self.world.observer, self.world.clock
        observer.notify(StateChanged(state=state))
        observer.notify(
            StepStarted(
                id=step.id,
                phase=step.phase,
                title=step.title,
                position=position,
                of=len(self.plan.steps),
            )
        )
        started = clock.now()
        match step:
            case RunSql():
                attempts = self._retrying(lambda: self._run_sql(step, state)).attempts
            case Backfill():
                attempts = self._retrying(lambda: self._backfill(step, state)).attempts
            case AwaitRollout():
                attempts = self._rollout(step, state)
            case _:
                assert_never(step)
        self.done.add(step.id)
        observer.notify(
            StepDone(
                id=step.id,
                phase=step.phase,
                title=step.title,
                duration=clock.now() - started,
                attempts=attempts,
            )
        )

    def _run_sql(self, step: RunSql, state: RunState) -> None:
        self._guard(step)
        with closing(self.world.database.run(step, state)) as events:
            for event in events:
                self.world.observer.notify(event)
        if step.id == self.plan.point_of_no_return and not self.past_return:
            self._pass(step)

    def _backfill(self, step: Backfill, state: RunState) -> None:
        self._guard(step)
        with closing(self.world.database.backfill(step, state)) as events:
            self._report(events)

    def _look(self) -> None:
        with closing(self.world.database.look()) as events:
            self._report(events)

    def _report(self, events: Iterator[Event]) -> None:
        for event in events:
            self.world.observer.notify(event)
            self.world.stop.check()
            if self.world.database.orders.current() is not None:
                raise OrderedError("the operator paused or cancelled the run")

    def _guard(self, step: RunSql | Backfill) -> None:
        """Before each try: earlier steps are still done; for a contract step, everything is as
        the plan's steps left it, and no old version is left. The marker is in the step's
        transaction; one without a transaction comes after it, once its preconditions hold."""
        self._recall()
        if step.phase.position > Phase.ROLLOUT.position:
            self._look()
            self.keeper.still_clear()
        is_alone = isinstance(step, Backfill) or not step.in_transaction
        if is_alone and step.id == self.plan.point_of_no_return and not self.past_return:
            self.world.database.require(step)
            self.world.database.journal.mark_point_of_no_return(step.id)
            self._pass(step)

    def _pass(self, step: Step) -> None:
        self.past_return = True
        self.world.observer.notify(PointOfNoReturn(step=step.id))

    def _rollout(self, step: AwaitRollout, state: RunState) -> int:
        reached = states.reached(self.plan, self.done)
        self._retrying(lambda: self.world.database.journal.record_state(reached))
        self.keeper.require_platform(Purpose.DEPLOY)  # before the state says that it deploys
        self._retrying(lambda: self.world.database.journal.record_state(state))
        self.keeper.deploy_and_wait()
        self._retrying(self._look)
        record = partial(self.world.database.journal.record, step, RunState.DEPLOYED)
        return self._retrying(record).attempts

    def _retrying(self, work: Callable[[], T]) -> Done[T]:
        return patiently(self.world, self.options, work, gate="lock")
