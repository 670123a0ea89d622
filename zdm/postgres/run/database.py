"""The target database for the runner: one dedicated connection, one fence, one journal.

A step in a transaction does its work and its record in the same one. A step outside
(CONCURRENTLY) records its intent, runs, and is judged by its probe, so a crash between work
and record heals.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from datetime import datetime

import psycopg

from zdm.backfill.pacing import Pacing
from zdm.errors import ZdmError
from zdm.execute.events import BackfillEvent, Waiting
from zdm.execute.ports import Clock, JournalRun, Order, PlanText, Window
from zdm.execute.stop import StopFlag
from zdm.model.plan import AwaitRollout, Backfill, RunSql, Step
from zdm.model.release import RunState, Session, Version
from zdm.model.schema import Name, Snapshot
from zdm.postgres.backfill import engine as backfill
from zdm.postgres.backfill import verify
from zdm.postgres.backfill.engine import Job
from zdm.postgres.catalog import read
from zdm.postgres.journal import orders, runs, step_sql
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run import executor_lock
from zdm.postgres.run.executor_lock import Claimant
from zdm.postgres.run.limits import Limits
from zdm.postgres.run.statement_watch import WatchEvent
from zdm.postgres.run.step_runner import Stepper
from zdm.postgres.session import activity as sessions
from zdm.postgres.session import blockers, connection, error_translation, identity, pooler
from zdm.postgres.session.blockers import Ender
from zdm.postgres.session.second_connection import SecondConnection


class PostgresDatabase:
    """Satisfies `zdm.execute.ports.Database`."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        stop: StopFlag,
        pacing: Pacing,
        limits: Limits | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._stop = stop
        self._pacing = pacing
        self._limits = limits or Limits()
        self._name = identity.new_name()
        self._owner = self._name.removeprefix("execute/")
        self._fence: Fence | None = None
        self._ended: list[str] = []  # sessions ended before there was a run to record it in
        self._ender = Ender(self._limits.end_blockers_after, clock, self._limits.ending)
        self._second = SecondConnection(url, self._name.replace("execute", "watch", 1))
        self._connection = self._connect()
        self._stop.cancel = self._cancel

    def _connect(self) -> connection.Connection:
        made = pooler.connect_directly(self._url, name=self._name)
        # what the journal acknowledges must survive a crash, the marker before all
        made.execute(
            "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
            " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'"
        )
        return made

    def _cancel(self) -> bool:
        """Cancel what runs; whether the connection is still open."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe()
        return not self._connection.closed

    def close(self) -> None:
        """Close the connections, which frees the lock."""
        self._stop.cancel = None
        self._connection.close()
        self._second.close()

    def claim(self, tell: Callable[[str], object]) -> None:
        """Become the only executor; what a dead one left running is ended and reported."""

        def ended(name: str) -> None:
            self._ended.append(f"ended {name}: its executor is gone")
            tell(name)

        with self._errors("claiming the lock"):
            executor_lock.claim(
                self._connection,
                ended,
                Claimant(
                    name=f"{connection.PREFIX}{self._name}",
                    take_over=self._limits.take_over,
                    ending=self._limits.ending,
                ),
            )

    def unfinished(self) -> JournalRun | None:
        """The run that is neither contracted nor reverted, if there is one."""
        with self._errors("reading the journal"):
            return runs.unfinished(self._connection)

    def finished(self, digest: str) -> bool:
        """Whether this very plan's last run reached CONTRACTED."""
        with self._errors("reading the journal"):
            run = runs.latest(self._connection)
        return run is not None and run.digest == digest and run.state is RunState.CONTRACTED

    def begin(self, plan: PlanText) -> JournalRun:
        """Record a new run."""
        with self._errors("recording the run"):
            runs.make(self._connection)
            return self._begun(runs.begin(self._connection, plan, self._owner))

    def adopt(self, run: JournalRun) -> JournalRun:
        """Take a run over."""
        with self._errors("recording the run"):
            runs.make(self._connection)
            fence = Fence(run=run.id, epoch=run.epoch)
            return self._begun(runs.adopt(self._connection, fence, self._owner))

    def _begun(self, run: JournalRun) -> JournalRun:
        orders.acknowledge(
            self._connection, Fence(run=run.id, epoch=run.epoch)
        )  # an older cancel
        return self._fenced(run)

    def name_versions(self, old: Version, new: Version) -> None:
        """Record between which application versions the run moves."""
        with self._errors("recording the versions"), self._connection.transaction():
            runs.check(self._connection, self._own())
            runs.name_versions(self._connection, self._own(), old, new)

    def _fenced(self, run: JournalRun) -> JournalRun:
        self._fence = Fence(run=run.id, epoch=run.epoch)
        for what in self._ended:
            orders.note_act(self._connection, self._fence, self._owner, what)
        self._ended = []
        return run

    def _own(self) -> Fence:
        if self._fence is None:
            raise ZdmError("a step was to run before its run was begun")
        return self._fence

    def reconnect(self, tell: Callable[[str], object]) -> None:
        """Connect and claim again, with a new epoch; its own former session is ended."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()
        self._connection = self._connect()
        self.claim(tell)
        if self._fence is not None:
            with self._errors("taking the run up again"):
                self._fenced(runs.adopt(self._connection, self._fence, self._owner))

    def recall(self) -> JournalRun:
        """The run that is owned, as the journal has it now."""
        with self._errors("reading the journal"):
            return runs.recall(self._connection, self._own())

    def snapshot(self, version_table: Name | None) -> Snapshot:
        """The schema as it is now."""
        with self._errors("reading the catalog"):
            return read.read(self._connection, version_table=version_table)

    def record_state(self, state: RunState, *, soak: bool = False) -> datetime | None:
        """Write the state, and the soak's start."""
        with self._errors("recording the state"), self._connection.transaction():
            runs.check(self._connection, self._own())
            return runs.write_state(self._connection, self._own(), state, soak=soak)

    def record(self, step: Step, state: RunState) -> None:
        """Record a step that has no work of its own here."""
        with self._errors("recording a step"), self._connection.transaction():
            runs.check(self._connection, self._own())
            runs.done(self._connection, self._own(), step.id)
            runs.write_state(self._connection, self._own(), state)

    def go_back(self, rollout: AwaitRollout) -> None:
        """Record that the application goes back, and that its rollout is not done."""
        with self._errors("recording the state"), self._connection.transaction():
            runs.check(self._connection, self._own())
            runs.go_back(self._connection, self._own(), rollout.id)

    def forget(self, step: Step) -> None:
        """Record that a step without work of its own is no longer done."""
        with self._errors("recording a step"), self._connection.transaction():
            runs.check(self._connection, self._own())
            runs.reverted(self._connection, self._own(), step.id)

    def mark_point_of_no_return(self, step: str) -> None:
        """Commit the marker."""
        with self._errors(f"writing the marker before {step}"), self._connection.transaction():
            runs.check(self._connection, self._own())
            runs.mark_point_of_no_return(self._connection, self._own())

    def order(self) -> Order | None:
        """What the operator asks of the run, if it is begun."""
        if self._fence is None:
            return None
        with self._errors("reading the operator's orders"):
            return orders.current(self._second.free(self._connection), self._fence.run)

    def obeyed(self, order: Order) -> None:
        """Take a cancel off, so that the next executor may go on."""
        with self._errors("obeying the operator"):
            orders.acknowledge(self._connection, self._own())
            what = f"acknowledged the {order.kind} of {order.by}"
            orders.note_act(self._connection, self._own(), self._owner, what)

    def note(self, waiting: Waiting | None) -> None:
        """Say in the journal what is waited for; None: nothing."""
        if self._fence is None:
            return
        with self._errors("noting a wait"):
            if waiting is None:
                orders.note_working(self._second.free(self._connection), self._fence)
            else:
                orders.note_waiting(self._second.free(self._connection), self._fence, waiting)

    def window(self) -> Window:
        """The run's revert window."""
        with self._errors("reading the revert window"):
            return orders.window(self._connection, self._own().run)

    def end_window(self) -> None:
        """End the revert window early; the journal records who did."""
        with self._errors("ending the revert window"), self._connection.transaction():
            runs.check(self._connection, self._own())
            orders.end_window(self._connection, self._own().run, self._owner)

    def run(self, step: RunSql, state: RunState) -> Generator[WatchEvent, None, None]:
        """Do one step and record it, unless the journal has it already."""
        with self._errors(f"running {step.id}", step):
            if not runs.is_done(self._connection, self._own(), step.id):
                yield from self._stepper().run(step, state)

    def _stepper(self) -> Stepper:
        return Stepper(
            own=self._connection,
            fence=self._own(),
            owner=self._owner,
            clock=self._clock,
            limits=self._limits,
            ender=self._ender,
            second=self._second,
        )

    def backfill(self, step: Backfill, state: RunState) -> Generator[BackfillEvent, None, None]:
        """Do one backfill; what it yields is how far it is."""
        with self._errors(f"filling {step.table}", step):
            if runs.is_done(self._connection, self._own(), step.id):
                return
            step_sql.preconditions(self._connection, step)
            with self._connection.transaction():
                runs.check(self._connection, self._own())
                runs.intend(self._connection, self._own(), step.id)
                runs.write_state(self._connection, self._own(), state)
            yield from backfill.run(self._job(step))
            with self._connection.transaction():
                runs.check(self._connection, self._own())
                runs.done(self._connection, self._own(), step.id)
                runs.write_state(self._connection, self._own(), state)

    def differing(self, step: Backfill) -> tuple[str, ...]:
        """Keys of rows, from a sample, that a done backfill with dual write left wrong."""
        with self._errors(f"looking at rows of {step.table}"):
            return verify.sample(self._connection, step)

    def _job(self, step: Backfill) -> Job:
        return Job(
            connect=lambda purpose: connection.connect(
                self._url, name=identity.named(self._name, purpose)
            ),
            step=step,
            fence=self._own(),
            clock=self._clock,
            pacing=self._pacing,
            settings=self._limits.backfill,
        )

    def revert(self, step: RunSql | Backfill) -> Generator[WatchEvent, None, None]:
        """Undo a step and record it, unless the journal has it as undone already."""
        with self._errors(f"undoing {step.id}", step):
            if not runs.is_reverted(self._connection, self._own(), step.id):
                yield from self._stepper().revert(step)

    def sessions(self) -> tuple[Session, ...]:
        """Other clients' connections, and prepared transactions, which outlive theirs."""
        with self._errors("looking at the sessions"):
            return sessions.read(self._connection)

    @contextlib.contextmanager
    def _errors(self, doing: str, step: RunSql | Backfill | None = None) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self._note(step, error)
            self._stop.check()
            raise error_translation.translated(
                doing, error, lambda: self._holders(step)
            ) from error

    def _note(self, step: RunSql | Backfill | None, error: psycopg.Error) -> None:
        """Best effort: what stops a step must not be hidden by what stops its record."""
        if step is not None and self._fence is not None and not self._connection.closed:
            with contextlib.suppress(psycopg.Error):
                runs.failed(
                    self._connection,
                    self._fence,
                    step.id,
                    sqlstate=error.sqlstate,
                    reason=connection.first_line(error),
                )

    def _holders(self, step: RunSql | Backfill | None) -> tuple[str, ...]:
        found = {
            str(item): None
            for lock in (() if step is None else step.locks)
            for item in blockers.of_lock(self._connection, lock)
        }
        return tuple(found)
