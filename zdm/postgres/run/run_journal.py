"""The journal as the runner asks for it: which run is owned, what of it is done."""

from datetime import timedelta

from msgspec import Struct

from zdm.errors import RefusedError, StoppedError
from zdm.execute.ports import JournalRun, PlanText
from zdm.model.plan import AwaitRollout, Backfill, Step
from zdm.model.release import RunState, Version
from zdm.postgres.backfill import gate_poller
from zdm.postgres.journal import orders, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run.executor import Executor


class RunJournal(Struct, frozen=True):
    """Satisfies `zdm.execute.ports.Journal`."""

    executor: Executor

    def unfinished(self) -> JournalRun | None:
        """The run that is neither contracted nor reverted, if there is one."""
        with self.executor.errors("reading the journal"):
            return runs.unfinished(self.executor.connection)

    def finished(self, digest: str) -> bool:
        """Whether this very plan's last run reached CONTRACTED."""
        with self.executor.errors("reading the journal"):
            run = runs.latest(self.executor.connection)
        return run is not None and run.digest == digest and run.state is RunState.CONTRACTED

    def begin(self, plan: PlanText) -> JournalRun:
        """Record a new run; RefusedError where it would not see every session."""
        executor = self.executor
        with executor.errors("recording the run"):
            if any(isinstance(step, Backfill) for step in plan.plan.steps):
                self._refuse_blind()
            runs.make(executor.connection)
            return self._owned(runs.begin(executor.connection, plan, executor.owner))

    def _refuse_blind(self) -> None:
        executor = self.executor
        try:
            gate_poller.blind_spots(executor.connection, executor.limits.backfill.gates)
        except StoppedError as error:
            raise RefusedError(error.message, hint=error.hint) from error

    def adopt(self, run: JournalRun) -> JournalRun:
        """Take a run over."""
        executor = self.executor
        with executor.errors("recording the run"):
            runs.make(executor.connection)
            fence = Fence(run=run.id, epoch=run.epoch)
            return self._owned(runs.adopt(executor.connection, fence, executor.owner))

    def _owned(self, run: JournalRun) -> JournalRun:
        fence = Fence(run=run.id, epoch=run.epoch)
        orders.acknowledge(self.executor.connection, fence)  # an older cancel
        self.executor.take(run)
        return run

    def recall(self) -> JournalRun:
        """The run that is owned, as the journal has it now."""
        with self.executor.errors("reading the journal"):
            return runs.recall(self.executor.connection, self.executor.fence)

    def name_versions(self, old: Version, new: Version) -> None:
        """Record between which application versions the run moves."""
        with self.executor.writing("recording the versions") as fence:
            runs.name_versions(self.executor.connection, fence, old, new)

    def record_state(self, state: RunState) -> None:
        """Write the state."""
        with self.executor.writing("recording the state") as fence:
            runs.write_state(self.executor.connection, fence, state)

    def begin_soak(self) -> timedelta | None:
        """SOAKING; how long it has lasted."""
        with self.executor.writing("recording the state") as fence:
            return runs.begin_soak(self.executor.connection, fence)

    def record(self, step: Step, state: RunState) -> None:
        """Record a step that has no work of its own here."""
        with self.executor.writing("recording a step") as fence:
            runs.done(self.executor.connection, fence, step.id)
            runs.write_state(self.executor.connection, fence, state)

    def forget(self, step: Step) -> None:
        """Record that a step without work of its own is no longer done."""
        with self.executor.writing("recording a step") as fence:
            runs.reverted(self.executor.connection, fence, step.id)

    def go_back(self, rollout: AwaitRollout) -> None:
        """Record that the application goes back, and that its rollout is not done."""
        with self.executor.writing("recording the state") as fence:
            runs.go_back(self.executor.connection, fence, rollout.id)

    def mark_point_of_no_return(self, step: str) -> None:
        """Commit the marker."""
        with self.executor.writing(f"writing the marker before {step}") as fence:
            runs.mark_point_of_no_return(self.executor.connection, fence)
