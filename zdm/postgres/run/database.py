"""The target database for the runner: one dedicated connection, one fence, one journal.

A step in a transaction does its work and its record in the same one. A step outside
(CONCURRENTLY) records its intent, runs, and is judged by its probe, so a crash between work
and record heals.
"""

from collections.abc import Callable, Generator

from msgspec.structs import replace

from zdm.backfill.pacing import Pacing
from zdm.errors import StoppedError
from zdm.execute import evidence
from zdm.execute.events import BackfillEvent, Compared, Waiting
from zdm.execute.evidence import Scope
from zdm.execute.ports import Clock
from zdm.execute.stop import StopFlag
from zdm.model.plan import Backfill, Plan, RunSql
from zdm.model.release import RunState, Session
from zdm.model.schema import Name, Snapshot
from zdm.postgres.backfill import engine as backfill
from zdm.postgres.backfill import verify
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.catalog import read
from zdm.postgres.journal import runs, step_sql
from zdm.postgres.run.evidence import Evidence
from zdm.postgres.run.executor import Executor
from zdm.postgres.run.last_look import LastLook
from zdm.postgres.run.limits import Limits
from zdm.postgres.run.run_journal import RunJournal
from zdm.postgres.run.run_orders import RunOrders
from zdm.postgres.run.statement_watch import WatchEvent
from zdm.postgres.run.step_runner import Stepper
from zdm.postgres.session import activity, early_checks, owners, pins, unseen_rows
from zdm.postgres.session.blockers import Ender


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
        self._clock = clock
        self._pacing = pacing
        self._limits = limits or Limits()
        self._ender = Ender(self._limits.end_blockers_after, clock, self._limits.ending)
        self._executor = Executor(url, stop, self._limits)
        self.journal = RunJournal(self._executor)
        self.orders = RunOrders(self._executor)
        self._plan: Plan | None = None
        self._scope = Scope()

    def close(self) -> None:
        """Close the connections, which frees the lock."""
        self._executor.close()

    def claim(self, report: Callable[[str], object]) -> None:
        """Become the only executor; what a dead one left running is ended and reported."""
        self._executor.claim(report)

    def reconnect(self, report: Callable[[str], object]) -> None:
        """Connect and claim again, with a new epoch; its own former session is ended."""
        self._executor.reconnect(report)

    def keep(self, plan: Plan) -> None:
        """Keep as evidence what its contract relies on, and look names up where it did."""
        self._plan, self._scope = plan, evidence.scope(plan)
        self._executor.look_up(plan.search_path)

    def refuse_unseen_rows(self) -> None:
        """RefusedError where its fills would not reach every row, or its steps alter tables
        of others, or a new owner would lack what it needs."""
        assert self._plan is not None  # it was given to keep
        with self._executor.errors("looking for rows that the plan would not reach"):
            own = self._executor.connection
            refused = (
                owners.refusal(own, self._plan)
                or unseen_rows.refusal(own, self._plan)
                or early_checks.refusal(own, self._plan, "start")
            )
        if refused:
            raise refused

    def snapshot(self, version_table: Name | None) -> Snapshot:
        """The schema as it is now."""
        with self._executor.errors("reading the catalog"):
            return read.read(self._executor.connection, version_table=version_table)

    def sessions(self) -> tuple[Session, ...]:
        """Other clients' connections, and prepared transactions, which outlive theirs."""
        with self._executor.errors("looking at the sessions"):
            return activity.read(self._executor.connection)

    def run(self, step: RunSql, state: RunState) -> Generator[WatchEvent, None, None]:
        """Do one step and record it, unless the journal has it already."""
        executor = self._executor
        with executor.errors(f"running {step.id}", step):
            if not runs.is_done(executor.connection, executor.fence, step.id):
                yield from self._stepper().run(step, state)

    def revert(
        self, step: RunSql | Backfill
    ) -> Generator[WatchEvent | BackfillEvent, None, None]:
        """Undo a step and record it, unless the journal has it as undone already. Rows whose
        old values it keeps are restored before; after a stop it begins with the first, and
        each is restored once."""
        executor = self._executor
        with executor.errors(f"undoing {step.id}", step):
            if runs.is_reverted(executor.connection, executor.fence, step.id):
                return
            if isinstance(step, RunSql) and step.restore is not None:
                yield from self._restore(replace(step.restore, id=step.id))
            yield from self._stepper().revert(step)

    def _restore(self, restore: Backfill) -> Generator[BackfillEvent, None, None]:
        executor = self._executor
        step_sql.preconditions(executor.connection, restore)
        with executor.fenced() as fence:
            runs.forget_filling(executor.connection, fence, restore.id)
        yield from backfill.run(self._request(restore))

    def _stepper(self) -> Stepper:
        return Stepper(
            own=self._executor.connection,
            fence=self._executor.fence,
            owner=self._executor.owner,
            clock=self._clock,
            limits=self._limits,
            ender=self._ender,
            second=self._executor.second,
            evidence=Evidence(
                own=self._executor.connection, fence=self._executor.fence, scope=self._scope
            ),
        )

    def require(self, step: RunSql | Backfill) -> None:
        """Raise StoppedError where a precondition does not hold."""
        with self._executor.errors(f"checking what {step.id} needs", step):
            step_sql.preconditions(self._executor.connection, step)

    def backfill(self, step: Backfill, state: RunState) -> Generator[BackfillEvent, None, None]:
        """Do one backfill; what it yields is how far it is."""
        executor = self._executor
        with executor.errors(f"filling {step.table}", step):
            if runs.is_done(executor.connection, executor.fence, step.id):
                return
            step_sql.preconditions(executor.connection, step)
            with executor.fenced() as fence:
                runs.intend(executor.connection, fence, step.id)
                runs.write_state(executor.connection, fence, state)
            yield from backfill.run(self._request(step))
            with executor.fenced() as fence:
                runs.done(executor.connection, fence, step.id)
                runs.write_state(executor.connection, fence, state)

    def _request(self, step: Backfill) -> FillRequest:
        settings = pins.authors(self._executor.connection, step.settings)
        return FillRequest(
            connect=self._executor.connect,
            step=replace(step, settings=settings),
            fence=self._executor.fence,
            clock=self._clock,
            pacing=self._pacing,
            settings=self._limits.backfill,
        )

    def look(self) -> Generator[Waiting | Compared, None, None]:
        """The last look before the contract."""
        executor = self._executor
        assert self._plan is not None  # it was given to keep
        with executor.errors("looking at what the contract relies on"):
            done = runs.every_done(executor.connection, executor.fence)
            refused = early_checks.refusal(executor.connection, self._plan, "contract", done)
            if refused:
                raise StoppedError(refused.message, hint=refused.hint)
            yield from LastLook(
                own=executor.connection,
                fence=executor.fence,
                clock=self._clock,
                plan=self._plan,
                scope=self._scope,
                request=self._request,
            ).run()

    def differing(self, step: Backfill) -> tuple[str, ...]:
        """Keys of rows, from a sample, that a done backfill with dual write left wrong."""
        with self._executor.errors(f"looking at rows of {step.table}"):
            return verify.sample(self._executor.connection, step)
