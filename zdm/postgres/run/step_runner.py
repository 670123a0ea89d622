"""Do, watch and undo the steps of SQL on the dedicated connection, under the fence."""

import contextlib
from collections.abc import Callable, Generator
from datetime import timedelta
from functools import partial

import psycopg
from msgspec import Struct

from zdm.errors import TemporaryError
from zdm.execute.events import SessionEnded
from zdm.execute.ports import Clock, LockBusyError, Order
from zdm.model.plan import Backfill, Irreversible, RunSql
from zdm.model.release import RunState
from zdm.postgres.journal import looks, orders, runs, step_sql
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run import leftovers, statement_watch
from zdm.postgres.run.evidence import Evidence
from zdm.postgres.run.limits import Limits
from zdm.postgres.run.statement_watch import Watchdog, WatchEvent
from zdm.postgres.session import blockers, error_kinds
from zdm.postgres.session.blockers import Ender, Ending
from zdm.postgres.session.connection import Connection
from zdm.postgres.session.error_kinds import Kind
from zdm.postgres.session.second_connection import SecondConnection

CLEAN_UP = timedelta(seconds=10)  # for an invalid leftover, before the attempt is given up


class Stepper(Struct, frozen=True, kw_only=True):
    """The connection and what governs it."""

    own: Connection
    fence: Fence
    owner: str
    clock: Clock
    limits: Limits
    ender: Ender
    second: SecondConnection
    evidence: Evidence

    def run(self, step: RunSql, state: RunState) -> Generator[WatchEvent, None, None]:
        """Do one step and record it; rows that came into its way after the look at them are
        named."""
        yield from self._make_way(step)
        try:
            yield from self._done(step, state)
        except psycopg.Error as error:
            if error_kinds.kind(error) is Kind.REFUSED and not leftovers.is_taken(error):
                yield from self._look_again(step, error)
            raise

    def _look_again(
        self, step: RunSql, error: psycopg.Error
    ) -> Generator[WatchEvent, None, None]:
        look = self.limits.second_look
        yield from self._watched(step, lambda: step_sql.look_again(self.own, step, error, look))

    def _done(self, step: RunSql, state: RunState) -> Generator[WatchEvent, None, None]:
        if not step.in_transaction:
            yield from self._outside(step, state)
        elif step.statement_timeout and not step.preconditions:
            self._inside(step, state)
        else:
            yield from self._watched(step, lambda: self._inside(step, state))

    def _inside(self, step: RunSql, state: RunState) -> None:
        """Work, record, and the marker of the point of no return, in one transaction."""
        own, fence = self.own, self.fence
        with own.transaction():
            runs.check(own, fence)
            step_sql.limit_lock(own, step)
            look = self.limits.second_look
            step_sql.preconditions(
                own, step, look
            )  # may read a whole table: before lock and limit
            step_sql.limit(own, step)
            before = self.evidence.before(step)
            step_sql.apply(own, step.settings, local=True)
            for statement in step.sql:
                own.execute(statement.encode())
            self.evidence.after(before)
            if step.id == self.evidence.scope.marker:
                runs.mark_point_of_no_return(own, fence)
            step_sql.record_done(own, fence, step, state)

    def _make_way(self, step: RunSql | Backfill) -> Generator[WatchEvent, None, None]:
        """Raise LockBusyError where the step would wait long, and others behind it."""
        for lock in step.locks:
            found = blockers.before(self.own, lock, self.limits.long_transaction)
            ended = tuple(self.ender.end(self.own, found))
            yield from self._report_ended(ended, step.id)
            gone = {b for b, ending in ended if ending in (Ending.ENDED, Ending.GONE)}
            left = [item for item in found if item not in gone]
            if left and lock.mode.blocks_writes:
                names = blockers.words(left)
                raise LockBusyError(
                    f"{lock.mode} on {lock.table} would queue behind {'; '.join(names)}",
                    names=names,
                    hint="end those transactions; zdm does not queue behind them, since"
                    " every other session would queue behind zdm",
                )

    def _report_ended(
        self, ended: tuple[tuple[blockers.Blocker, Ending], ...], doing: str
    ) -> Generator[WatchEvent, None, None]:
        """Report and record each session that was ended."""
        for event in statement_watch.ending_events(ended, doing, self.clock.now()):
            self._record_ended(event)
            yield event

    def _record_ended(self, event: WatchEvent) -> None:
        if isinstance(event, SessionEnded):
            what = f"ended {event.who}: {event.reason}"
            orders.note_act(self.second.free(self.own), self.fence, self.owner, what)

    def _watched(
        self, step: RunSql, work: Callable[[], None], limit: timedelta | None = None
    ) -> Generator[WatchEvent, None, None]:
        run = self.fence.run
        dog = Watchdog(
            own=self.own,
            second=self.second.connection,
            clock=self.clock,
            ender=self.ender,
            limit=limit or self.limits.concurrent_deadline,
            is_cancelled=lambda second: _is_cancelled(orders.current(second, run)),
        )
        self.second.main_is_busy = True
        try:
            for event in dog.run(step.id, work):
                with contextlib.suppress(
                    psycopg.Error, TemporaryError
                ):  # reported all the same
                    self._record_ended(event)
                yield event
        finally:
            self.second.main_is_busy = False

    def _outside(self, step: RunSql, state: RunState) -> Generator[WatchEvent, None, None]:
        own, fence = self.own, self.fence
        found = step_sql.probe(own, step, unknown="not done")
        leftovers.refuse_others(own, fence, step, found)
        with own.transaction():
            runs.check(own, fence)
            runs.intend(own, fence, step.id)
            runs.write_state(own, fence, state)
            self.evidence.begin(step)
        if found == "half done":
            yield from self._watched(step, lambda: step_sql.alone(own, step, step.repair))
            found = step_sql.probe(own, step, unknown="not done")
        if found != "done":
            look = self.limits.second_look
            yield from self._watched(step, lambda: step_sql.preconditions(own, step, look))
            yield from self._built(step)
        with own.transaction():
            runs.check(own, fence)
            self.evidence.end()
            step_sql.record_done(own, fence, step, state)

    def _built(self, step: RunSql) -> Generator[WatchEvent, None, None]:
        """A build that fails leaves an invalid index, which costs every write and, if it is a
        unique one, refuses some: remove it, unless another session made it."""
        own = self.own
        try:
            yield from self._watched(step, lambda: step_sql.alone(own, step, step.sql))
        except (psycopg.Error, TemporaryError) as error:
            if leftovers.is_taken(error):
                leftovers.forget(own, self.fence, step)
                raise
            with contextlib.suppress(psycopg.Error, TemporaryError):  # else the next try does
                if step.repair and step_sql.probe(own, step) == "half done":
                    repair = self._watched(
                        step, lambda: step_sql.alone(own, step, step.repair), CLEAN_UP
                    )
                    yield from repair
            raise

    def revert(self, step: RunSql | Backfill) -> Generator[WatchEvent, None, None]:
        """Undo a step and record it."""
        # a backfill's old values may be lost; both versions understand the new ones
        undo = () if isinstance(step.undo, Irreversible) else step.undo
        proof = isinstance(step, RunSql) and step.undo_proof
        own, fence = self.own, self.fence
        yield from self._make_way(step)
        if isinstance(step, RunSql) and step.undo_checks:
            yield from self._watched(step, partial(step_sql.undo_checks, own, step))
        if isinstance(step, RunSql) and not step.in_transaction:
            yield from self._undo_alone(step, undo)
            undo = ()
        with own.transaction():
            runs.check(own, fence)
            if isinstance(step, RunSql):
                step_sql.limit(own, step)
                step_sql.apply(own, step.settings, local=True)
            for statement in undo:
                own.execute(statement.encode())
            looks.forget(own, fence)
            if not proof:
                runs.reverted(own, fence, step.id)
        if isinstance(step, RunSql) and proof:
            yield from self._proved(step)

    def _proved(self, step: RunSql) -> Generator[WatchEvent, None, None]:
        """After a kill both are done again: the undo changes nothing that is as before."""
        own, fence = self.own, self.fence
        yield from self._watched(step, lambda: step_sql.prove_undo(own, step))
        with own.transaction():
            runs.check(own, fence)
            runs.reverted(own, fence, step.id)

    def _undo_alone(
        self, step: RunSql, undo: tuple[str, ...]
    ) -> Generator[WatchEvent, None, None]:
        """A kill may have left it half done, or undone and not recorded so."""
        match step_sql.probe(self.own, step):
            case "half done":
                sql = step.repair
            case "done":
                sql = undo
            case _:
                return
        yield from self._watched(step, lambda: step_sql.alone(self.own, step, sql))


def _is_cancelled(order: Order | None) -> bool:
    return order is not None and order.kind == "cancel"
