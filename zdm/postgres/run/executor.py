"""An executor's hold on the database: its connection, the lock on it, and the run it owns."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import psycopg

from zdm.errors import ZdmError
from zdm.execute.ports import ConnectionLostError, JournalRun
from zdm.execute.stop import StopFlag
from zdm.model.plan import Backfill, RunSql
from zdm.postgres.journal import orders, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run import executor_lock
from zdm.postgres.run.executor_lock import Claimant
from zdm.postgres.run.limits import Limits
from zdm.postgres.session import (
    blockers,
    connection,
    error_translation,
    identity,
    pins,
    pooler,
    writable,
)
from zdm.postgres.session.second_connection import SecondConnection


class Executor:
    """One process that runs plans, as the database sees it."""

    def __init__(self, url: str, stop: StopFlag, limits: Limits) -> None:
        self.url = url
        self.limits = limits
        self.name = identity.new_name()
        self.owner = self.name.removeprefix("execute/")
        self._path: Sequence[str] | None = None  # of the plan's names
        self.second = SecondConnection(url, self.name.replace("execute", "watch", 1))
        self.connection = self._connect()
        if refused := writable.refusal(self.connection):
            self.connection.close()
            raise refused
        self._fence: Fence | None = None
        self._ended: list[str] = []  # sessions ended before there was a run to record it in
        self._stop = stop
        self._stop.cancel = self._cancel

    def _connect(self) -> connection.Connection:
        made = pooler.connect_directly(self.url, name=self.name)
        # what the journal acknowledges must survive a crash, the marker before all
        made.execute(
            "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
            " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'"
        )
        if self._path is not None:
            pins.find_names(made, self._path)
        return made

    def look_up(self, path: Sequence[str]) -> None:
        """From now on look names up where the plan did."""
        self._path = path
        with self.errors("setting the search_path"):
            pins.find_names(self.connection, path)

    def connect(self, purpose: str) -> connection.Connection:
        """Another connection of the executor, for batches."""
        made = connection.connect(self.url, name=identity.named(self.name, purpose))
        if self._path is not None:
            pins.find_names(made, self._path)
        return made

    def _cancel(self) -> bool:
        """Cancel what runs; whether the connection is still open."""
        with contextlib.suppress(psycopg.Error):
            self.connection.cancel_safe()
        return not self.connection.closed

    def close(self) -> None:
        """Close the connections, which frees the lock."""
        self._stop.cancel = None
        self.connection.close()
        self.second.close()

    def claim(self, report: Callable[[str], object]) -> None:
        """Become the only executor; what a dead one left running is ended and reported."""

        def ended(name: str) -> None:
            self._ended.append(f"ended {name}: its executor is gone")
            report(name)

        with self.errors("claiming the lock"):
            executor_lock.claim(
                self.connection,
                ended,
                Claimant(
                    name=f"{connection.PREFIX}{self.name}",
                    take_over=self.limits.take_over,
                    ending=self.limits.ending,
                ),
            )

    def reconnect(self, report: Callable[[str], object]) -> None:
        """Connect and claim again, with a new epoch; its own former session is ended."""
        with contextlib.suppress(psycopg.Error):
            self.connection.close()
        self.connection = self._connect()
        if refused := writable.refusal(self.connection):  # the primary is elsewhere now
            raise ConnectionLostError(refused.message, hint=refused.hint)
        self.claim(report)
        if self._fence is not None:
            with self.errors("taking the run up again"):
                self.take(runs.adopt(self.connection, self._fence, self.owner))

    def take(self, run: JournalRun) -> None:
        """From now on its writes are those of this run, in this epoch."""
        self._fence = Fence(run=run.id, epoch=run.epoch)
        for what in self._ended:
            orders.note_act(self.connection, self._fence, self.owner, what)
        self._ended = []

    @property
    def has_run(self) -> bool:
        """Whether it owns a run yet."""
        return self._fence is not None

    @property
    def fence(self) -> Fence:
        """The run that it owns, and the epoch."""
        if self._fence is None:
            raise ZdmError("a step was to run before its run was begun")
        return self._fence

    @contextlib.contextmanager
    def fenced(self) -> Iterator[Fence]:
        """A transaction in which the run is still its own."""
        with self.connection.transaction():
            runs.check(self.connection, self.fence)
            yield self.fence

    @contextlib.contextmanager
    def writing(self, doing: str) -> Iterator[Fence]:
        """A transaction of the journal, whose errors say what was being done."""
        with self.errors(doing), self.fenced() as fence:
            yield fence

    @contextlib.contextmanager
    def errors(self, doing: str, step: RunSql | Backfill | None = None) -> Iterator[None]:
        """PostgreSQL's errors as the port's; those of a step are recorded with it."""
        try:
            yield
        except psycopg.Error as error:
            self._record(step, error)
            self._stop.check()
            raise error_translation.translated(
                doing, error, lambda: self._holders(step)
            ) from error

    def _record(self, step: RunSql | Backfill | None, error: psycopg.Error) -> None:
        """Best effort: what stops a step must not be hidden by what stops its record."""
        if step is not None and self._fence is not None and not self.connection.closed:
            with contextlib.suppress(psycopg.Error):
                runs.failed(
                    self.connection,
                    self._fence,
                    step.id,
                    sqlstate=error.sqlstate,
                    reason=connection.first_line(error),
                )

    def _holders(self, step: RunSql | Backfill | None) -> tuple[str, ...]:
        found = {
            str(item): None
            for lock in (() if step is None else step.locks)
            for item in blockers.of_lock(self.connection, lock)
        }
        return tuple(found)
