"""One step's SQL on the dedicated connection: in a transaction with its record, or alone.

The lock timeout counts each wait, not the statement, so that a step which locks several
tables divides it (measured, PostgreSQL 15). The plan gives CONCURRENTLY no timeouts, since one
would leave an INVALID index; the watchdog looks after it.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta

import psycopg
from psycopg import errors

from zdm.errors import StoppedError
from zdm.model import duration
from zdm.model.plan import NAMED_ROWS, NO_TIMEOUT, Backfill, Check, RunSql
from zdm.model.release import RunState
from zdm.model.statement import Setting
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection, pins
from zdm.postgres.session.connection import Connection

NAMING = timedelta(seconds=30)  # for rows that a message names, and nothing needs
LEAST_LOCK_TIMEOUT = timedelta(milliseconds=50)  # of one wait, however many there are


def probe(own: Connection, step: RunSql, *, unknown: str = "done") -> str:
    """`done`, `not done` or `half done`; `unknown` where the catalog cannot tell."""
    if not step.probe:  # the author vouches for it: the journal alone knows
        return unknown
    row = own.execute(step.probe.encode()).fetchone()
    answer = "" if row is None else str(row[0])
    return unknown if answer == RunSql.RECORDED else answer


def preconditions(own: Connection, step: RunSql | Backfill, naming: timedelta = NAMING) -> None:
    """Raise StoppedError for the first that does not hold, with the keys of rows in the way,
    which are looked for until `naming` has passed."""
    _hold(own, step, step.preconditions, naming)


def undo_checks(own: Connection, step: RunSql) -> None:
    """The same for what its undo needs."""
    _hold(own, step, step.undo_checks, NAMING)


def prove_undo(own: Connection, step: RunSql) -> None:
    """What its undo declares, one after the other, each as long as it needs."""
    for statement in step.undo_proof:
        with own.transaction():
            limit_lock(own, step)
            _set(own, "statement_timeout", NO_TIMEOUT)
            own.execute(statement.encode())


def look_again(own: Connection, step: RunSql, error: psycopg.Error, limit: timedelta) -> None:
    """The same after the server refused the step; it says so where the look was cut off."""
    try:
        _hold(own, step, step.preconditions, limit, whole=limit)
    except errors.QueryCanceled as cut:
        raise StoppedError(
            f"{step.id}: PostgreSQL refused it: {connection.first_line(error)}; the search for"
            f" the rows in its way was cut off, at the latest after {duration.text(limit)}",
            hint="look for them by hand, correct them, then run the same command again",
        ) from cut


def _hold(
    own: Connection,
    step: RunSql | Backfill,
    checks: Sequence[Check],
    naming: timedelta,
    *,
    whole: timedelta = NO_TIMEOUT,
) -> None:
    for check in checks:
        with own.transaction():
            if check.rows:  # it has the author's text
                apply(own, step.settings, local=True)
            if whole:
                _set(own, "statement_timeout", whole)
            row = own.execute(check.sql.encode()).fetchone()
            if row is None or row[0] is not True:
                named = _named(own, check, naming)
                raise StoppedError(f"{step.id}: {check.failure}{named}", hint=check.hint)


def _named(own: Connection, check: Check, limit: timedelta) -> str:
    """The rows in the way, of which the check has found some."""
    if not check.rows:
        return ""
    try:
        with own.transaction():
            _set(own, "statement_timeout", limit)
            found = [str(key) for (key,) in own.execute(check.rows.encode()).fetchall()]
    except errors.QueryCanceled:
        late = duration.text(limit)
        return f" (none is named: the search for them was cut off, at the latest after {late})"
    more = " and more" if len(found) > NAMED_ROWS else ""
    return f": {', '.join(found[:NAMED_ROWS])}{more}"


def limit_lock(own: Connection, step: RunSql) -> None:
    """How long the transaction waits for a lock."""
    _set(own, "lock_timeout", lock_timeout(step))


def limit(own: Connection, step: RunSql) -> None:
    """The step's timeouts, for this transaction."""
    _set(own, "lock_timeout", lock_timeout(step))
    _set(own, "statement_timeout", step.statement_timeout)


def lock_timeout(step: RunSql) -> timedelta:
    """For each wait: the step's own, divided by the tables whose writers might wait."""
    waits = sum(lock.mode.blocks_writes for lock in step.locks)
    if waits < 2 or not step.lock_timeout:
        return step.lock_timeout
    return max(step.lock_timeout / waits, min(LEAST_LOCK_TIMEOUT, step.lock_timeout))


def record_done(own: Connection, fence: Fence, step: RunSql, state: RunState) -> None:
    """Record the step, whose postcondition must hold."""
    found = probe(own, step)
    if found != "done":
        raise StoppedError(
            f"{step.id} ran, and its postcondition is `{found}`, so it was rolled back",
            hint="the schema is not what the plan expects; look at the step's probe",
        )
    runs.done(own, fence, step.id)
    runs.write_state(own, fence, state)


def alone(own: Connection, step: RunSql, sql: Sequence[str]) -> None:
    """Outside a transaction: session settings, put back afterwards."""
    path = connection.value(own, "SHOW search_path")  # the plan's, not the role's
    _set(own, "lock_timeout", step.lock_timeout, local=False)
    _set(own, "statement_timeout", step.statement_timeout, local=False)
    apply(own, step.settings, local=False)
    try:
        for statement in sql:
            own.execute(statement.encode())
    finally:
        with contextlib.suppress(psycopg.Error):
            _set(own, "lock_timeout", NO_TIMEOUT, local=False)
            _set(own, "statement_timeout", NO_TIMEOUT, local=False)
            for setting in step.settings:
                own.execute(f"RESET {connection.setting_name(setting.name)}".encode())
            own.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
            pins.pin(own)


def _set(own: Connection, name: str, value: timedelta, *, local: bool = True) -> None:
    text = connection.setting(value)
    own.execute("SELECT pg_catalog.set_config(%s, %s, %s)", (name, text, local))


def apply(own: Connection, settings: Sequence[Setting], *, local: bool) -> None:
    """Put in force what the author's text was written for, for the transaction or for the
    session: the role's own formats and the author's settings."""
    for setting in pins.authors(own, settings):
        own.execute(
            "SELECT pg_catalog.set_config(%s, %s, %s)", (setting.name, setting.value, local)
        )
