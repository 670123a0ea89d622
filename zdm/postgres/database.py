"""The target database for the runner: one dedicated connection, one fence, one journal.

A step in a transaction does its work and its record in the same one. A step outside
(CONCURRENTLY) records its intent, runs, and is judged by its probe, so a crash between work
and record heals.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import psycopg
from psycopg import errors

from zdm.errors import StoppedError, TemporaryError, ZdmError
from zdm.execute.events import BackfillProgress, Suspicious
from zdm.execute.ports import (
    Clock,
    ConnectionLostError,
    JournalRun,
    LockBusyError,
    PlanText,
)
from zdm.execute.stop import StopFlag
from zdm.model.plan import Backfill, Irreversible, RunSql, Step
from zdm.model.release import RunState, Session, Version
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Setting
from zdm.postgres import backfill, catalog, connection, journal, locks, pooler
from zdm.postgres.backfill import Pacing
from zdm.postgres.journal import Fence


class PostgresDatabase:
    """Satisfies `zdm.execute.ports.Database`."""

    def __init__(self, url: str, clock: Clock, stop: StopFlag, pacing: Pacing) -> None:
        self._url = url
        self._clock = clock
        self._stop = stop
        self._pacing = pacing
        self._owner = f"{socket.gethostname()}/{os.getpid()}"
        self._fence: Fence | None = None
        self._connection = self._connect()

    def _connect(self) -> connection.Connection:
        made = pooler.connect_directly(self._url, name=f"execute/{self._owner}")
        self._stop.cancel = made.cancel_safe
        return made

    def close(self) -> None:
        """Close the connection, which frees the lock."""
        self._connection.close()

    def claim(self) -> None:
        """Become the only executor, once no backend of a dead one is at work."""
        with self._errors("claiming the lock"):
            locks.claim(self._connection)
            others = locks.orphans(self._connection)
        if others:
            raise LockBusyError(
                f"a statement of an executor that is gone still runs: {', '.join(others)}",
                names=others,
                hint="it ends by itself within seconds, or end it with pg_terminate_backend",
            )

    def unfinished(self) -> JournalRun | None:
        """The run that is neither contracted nor reverted, if there is one."""
        with self._errors("reading the journal"):
            return journal.unfinished(self._connection)

    def finished(self, digest: str) -> bool:
        """Whether this very plan's last run reached CONTRACTED."""
        with self._errors("reading the journal"):
            run = journal.latest(self._connection)
        return run is not None and run.digest == digest and run.state is RunState.CONTRACTED

    def begin(self, plan: PlanText) -> JournalRun:
        """Record a new run."""
        with self._errors("recording the run"):
            journal.make(self._connection)
            return self._fenced(journal.begin(self._connection, plan, self._owner))

    def adopt(self, run: JournalRun) -> JournalRun:
        """Take a run over."""
        with self._errors("recording the run"):
            journal.make(self._connection)
            fence = Fence(run=run.id, epoch=run.epoch)
            return self._fenced(journal.adopt(self._connection, fence, self._owner))

    def name_versions(self, old: Version, new: Version) -> None:
        """Record between which application versions the run moves."""
        with self._errors("recording the versions"), self._connection.transaction():
            journal.check(self._connection, self._own())
            journal.name_versions(self._connection, self._own(), old, new)

    def _fenced(self, run: JournalRun) -> JournalRun:
        self._fence = Fence(run=run.id, epoch=run.epoch)
        return run

    def _own(self) -> Fence:
        if self._fence is None:
            raise ZdmError("a step was to run before its run was begun")
        return self._fence

    def reconnect(self) -> None:
        """Connect and claim again, with a new epoch."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()
        self._connection = self._connect()
        self.claim()
        if self._fence is not None:
            with self._errors("taking the run up again"):
                self._fenced(journal.adopt(self._connection, self._fence, self._owner))

    def snapshot(self, version_table: Name | None) -> Snapshot:
        """The schema as it is now."""
        with self._errors("reading the catalog"):
            return catalog.read(self._connection, version_table=version_table)

    def record_state(self, state: RunState, *, soak: bool = False) -> datetime | None:
        """Write the state, and the soak's start."""
        with self._errors("recording the state"), self._connection.transaction():
            journal.check(self._connection, self._own())
            return journal.write_state(self._connection, self._own(), state, soak=soak)

    def record(self, step: Step, state: RunState) -> None:
        """Record a step that has no work of its own here."""
        with self._errors("recording a step"), self._connection.transaction():
            journal.check(self._connection, self._own())
            journal.done(self._connection, self._own(), step.id)
            journal.write_state(self._connection, self._own(), state)

    def forget(self, step: Step) -> None:
        """Record that a step without work of its own is no longer done."""
        with self._errors("recording a step"), self._connection.transaction():
            journal.check(self._connection, self._own())
            journal.reverted(self._connection, self._own(), step.id)

    def mark_point_of_no_return(self, step: str) -> None:
        """Commit the marker."""
        with self._errors(f"writing the marker before {step}"), self._connection.transaction():
            journal.check(self._connection, self._own())
            journal.mark_point_of_no_return(self._connection, self._own())

    def probe(self, step: RunSql) -> str:
        """`done`, `not done` or `half done`."""
        with self._errors(f"looking at {step.id}"):
            return self._probe(step)

    def _probe(self, step: RunSql) -> str:
        if not step.probe:  # the author vouches for it: the journal alone knows
            return "done"
        row = self._connection.execute(step.probe.encode()).fetchone()
        return "" if row is None else str(row[0])

    def run(self, step: RunSql, state: RunState) -> None:
        """Do one step and record it, unless the journal has it already."""
        with self._errors(f"running {step.id}", step):
            if journal.is_done(self._connection, self._own(), step.id):
                return
            locks.look_before(self._connection, step.locks)
            if step.in_transaction:
                self._inside(step, step.sql, lambda: self._record_done(step, state))
            else:
                self._outside(step, state)

    def _record_done(self, step: RunSql, state: RunState) -> None:
        said = self._probe(step)
        if said != "done":
            raise StoppedError(
                f"{step.id} ran, and its postcondition says `{said}`, so it was taken back",
                hint="the schema is not what the plan expects; look at the step's probe",
            )
        journal.done(self._connection, self._own(), step.id)
        journal.write_state(self._connection, self._own(), state)

    def _inside(self, step: RunSql, sql: Sequence[str], record: Callable[[], None]) -> None:
        own = self._connection
        with own.transaction():
            journal.check(own, self._own())
            self._set_local("lock_timeout", step.lock_timeout)
            self._set_local("statement_timeout", step.statement_timeout)
            self._preconditions(step)
            self._apply(step.settings)
            for statement in sql:
                own.execute(statement.encode())
            record()

    def _preconditions(self, step: RunSql | Backfill) -> None:
        for check in step.preconditions:
            row = self._connection.execute(check.sql.encode()).fetchone()
            if row is None or row[0] is not True:
                raise StoppedError(f"{step.id}: {check.failure}", hint=check.hint)

    def _set_local(self, name: str, value: timedelta) -> None:
        milliseconds = int(value / timedelta(milliseconds=1))
        self._connection.execute(
            "SELECT pg_catalog.set_config(%s, %s, true)", (name, f"{milliseconds}ms")
        )

    def _apply(self, settings: Sequence[Setting], *, local: bool = True) -> None:
        for setting in settings:
            self._connection.execute(
                "SELECT pg_catalog.set_config(%s, %s, %s)",
                (setting.name, setting.value, local),
            )

    def _outside(self, step: RunSql, state: RunState) -> None:
        own, fence = self._connection, self._own()
        with own.transaction():
            journal.check(own, fence)
            journal.intend(own, fence, step.id)
            journal.write_state(own, fence, state)
        said = self._probe(step) if step.probe else "not done"
        if said == "half done":
            self._alone(step, step.repair)
        if said != "done":
            self._preconditions(step)
            self._alone(step, step.sql)
        with own.transaction():
            journal.check(own, fence)
            self._record_done(step, state)

    def _alone(self, step: RunSql, sql: Sequence[str]) -> None:
        """Outside a transaction: session settings, put back afterwards."""
        own = self._connection
        own.execute("SELECT pg_catalog.set_config('lock_timeout', '0', false)")
        own.execute("SELECT pg_catalog.set_config('statement_timeout', '0', false)")
        self._apply(step.settings, local=False)
        try:
            for statement in sql:
                own.execute(statement.encode())
        finally:
            with contextlib.suppress(psycopg.Error):
                for setting in step.settings:
                    own.execute(f"RESET {connection.setting_name(setting.name)}".encode())

    def backfill(
        self, step: Backfill, state: RunState
    ) -> Iterator[BackfillProgress | Suspicious]:
        """Do one backfill; what it yields is how far it is."""
        with self._errors(f"filling {step.table}", step):
            if journal.is_done(self._connection, self._own(), step.id):
                return
            self._preconditions(step)
            yield from backfill.run(
                self._connection, step, self._own(), self._clock, self._pacing
            )
            with self._connection.transaction():
                journal.check(self._connection, self._own())
                journal.done(self._connection, self._own(), step.id)
                journal.write_state(self._connection, self._own(), state)

    def revert(self, step: RunSql | Backfill) -> None:
        """Undo a step and record it."""
        # a backfill's old values may be lost; both versions understand the new ones
        undo = () if isinstance(step.undo, Irreversible) else step.undo
        with self._errors(f"undoing {step.id}", step):
            if isinstance(step, RunSql) and not step.in_transaction:
                self._undo_alone(step, undo)
                with self._connection.transaction():
                    journal.check(self._connection, self._own())
                    journal.reverted(self._connection, self._own(), step.id)
                return
            with self._connection.transaction():
                journal.check(self._connection, self._own())
                if isinstance(step, RunSql):
                    self._set_local("lock_timeout", step.lock_timeout)
                for statement in undo:
                    self._connection.execute(statement.encode())
                journal.reverted(self._connection, self._own(), step.id)

    def _undo_alone(self, step: RunSql, undo: Sequence[str]) -> None:
        """A kill may have left it half done, or undone and not recorded so."""
        match self._probe(step) if step.probe else "done":
            case "half done":
                self._alone(step, step.repair)
            case "done":
                self._alone(step, undo)

    def sessions(self) -> tuple[Session, ...]:
        """Other clients' connections, and prepared transactions, which outlive theirs."""
        with self._errors("looking at the sessions"):
            rows = self._connection.execute(
                "SELECT pid, application_name, usename, state, backend_start, query"
                " FROM pg_catalog.pg_stat_activity"
                " WHERE datname = pg_catalog.current_database()"
                " AND coalesce(backend_type, 'client backend') = 'client backend'"
                # the server's own processes have no user, and to some no type either
                " AND usename IS NOT NULL"
                " AND pid <> pg_catalog.pg_backend_pid() ORDER BY pid"
            ).fetchall()
            prepared = self._connection.execute(
                "SELECT gid, owner, prepared FROM pg_catalog.pg_prepared_xacts"
                " WHERE database = pg_catalog.current_database() ORDER BY gid"
            ).fetchall()
        live = tuple(
            Session(pid=pid, application=name, user=user, state=state, since=since, query=query)
            for pid, name, user, state, since, query in rows
        )
        return live + tuple(
            Session(
                pid=0,
                application=f"prepared transaction {gid}",
                user=owner,
                state="prepared",
                since=since,
            )
            for gid, owner, since in prepared
        )

    @contextlib.contextmanager
    def _errors(self, doing: str, step: RunSql | Backfill | None = None) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self._note(step, error)
            raise self._translated(doing, step, error) from error

    def _note(self, step: RunSql | Backfill | None, error: psycopg.Error) -> None:
        """Best effort: what stops a step must not be hidden by what stops its record."""
        if step is not None and self._fence is not None and not self._connection.closed:
            with contextlib.suppress(psycopg.Error):
                journal.failed(
                    self._connection,
                    self._fence,
                    step.id,
                    sqlstate=error.sqlstate,
                    reason=connection.first_line(error),
                )

    def _translated(
        self, doing: str, step: RunSql | Backfill | None, error: psycopg.Error
    ) -> ZdmError:
        match error:
            case (
                errors.LockNotAvailable()
                | errors.DeadlockDetected()
                | errors.SerializationFailure()
            ):
                return self._busy(doing, step, error)
            case errors.QueryCanceled():
                self._stop.check()
                return StoppedError(
                    f"a timeout or a person cancelled {doing}: {connection.first_line(error)}",
                    hint="see what made it slow, then run the same command again",
                )
            case errors.DiskFull():
                return StoppedError(
                    f"the server's disk is full while {doing}",
                    hint="make room, then run it again",
                )
            case psycopg.OperationalError() | psycopg.InterfaceError():
                self._stop.check()
                return ConnectionLostError(
                    f"the database was lost while {doing}: {connection.first_line(error)}",
                    hint="run the same command again; it goes on where it stopped",
                )
        return StoppedError(
            f"PostgreSQL refused {doing}: {connection.first_line(error)}",
            hint="mend the cause, then run the same command again",
        )

    def _busy(
        self, doing: str, step: RunSql | Backfill | None, error: psycopg.Error
    ) -> TemporaryError:
        try:
            names = () if step is None else locks.blockers(self._connection, step.locks)
        except psycopg.Error as lost:
            return ConnectionLostError(f"the database was lost while {doing}: {lost}")
        who = f"; held by {', '.join(names)}" if names else ""
        return LockBusyError(
            f"no lock for {doing} in time ({connection.first_line(error)}){who}",
            names=names,
            hint="end what holds the table, then run the same command again",
        )
