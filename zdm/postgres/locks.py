"""Locks: being the only executor, and who stands in the way of a step.

Before a strong lock is asked for, zdm looks who holds the table: a request that waits already
blocks every later reader. The lock of the executor is a session-level advisory lock on a
direct connection; never a row, which would outlive its owner.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from zdm.execute.ports import LockBusyError
from zdm.model.locks import LockMode
from zdm.model.plan import TableLock
from zdm.postgres import pooler
from zdm.postgres.connection import PREFIX, Connection

PATIENT_SECONDS = 1.0  # a transaction older than this is waited for without queueing
_PG_MODES = {mode: "".join(word.title() for word in mode.split()) + "Lock" for mode in LockMode}
_KEY = int.from_bytes(hashlib.sha256(b"zdm executor").digest()[:8], signed=True)


def claim(connection: Connection) -> None:
    """Become the only executor on this database; raises LockBusyError naming the holder."""
    pooler.refuse(connection)
    row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (_KEY,)).fetchone()
    if row is None or not row[0]:
        raise _held(connection)
    pooler.refuse_stranded(connection)


def release(connection: Connection) -> None:
    """Let the executor's lock go, once."""
    connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (_KEY,))


def _held(connection: Connection) -> LockBusyError:
    holders = connection.execute(
        "SELECT a.application_name, a.pid, a.usename FROM pg_catalog.pg_locks AS l"
        " JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())"
        " AND (l.classid::bigint << 32 | l.objid::bigint) = %s",
        (_KEY,),
    ).fetchall()
    names = tuple(
        f"{name or 'unnamed'} (pid {pid}, user {user})" for name, pid, user in holders
    )
    return LockBusyError(
        f"another executor is at work: {', '.join(names) or 'it ended just now'}",
        names=names,
        hint="wait for it, or look at it with `zdm status`; if its process is dead, its"
        " connection ends by itself within seconds",
    )


def look_before(connection: Connection, locks: Sequence[TableLock]) -> None:
    """Raise LockBusyError where an old transaction holds what a strong lock must wait for."""
    for lock in locks:
        if not lock.mode.blocks_writes:
            continue
        conflicting = [_PG_MODES[m] for m in LockMode if m.conflicts_with(lock.mode)]
        rows = connection.execute(
            "SELECT a.pid, a.application_name, a.state, a.query,"
            " extract(epoch FROM clock_timestamp() - a.xact_start)"
            " FROM pg_catalog.pg_locks AS l"
            " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
            " WHERE l.relation = pg_catalog.to_regclass(%s) AND l.granted"
            " AND l.mode = ANY (%s) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
            " AND (l.pid IS NULL OR clock_timestamp() - a.xact_start"
            " > pg_catalog.make_interval(secs => %s))",
            (lock.table.sql, conflicting, PATIENT_SECONDS),
        ).fetchall()
        if rows:
            raise _busy(lock, rows)


def _busy(lock: TableLock, rows: Sequence[tuple[Any, ...]]) -> LockBusyError:
    names = tuple(describe(*row) for row in rows)
    return LockBusyError(
        f"{lock.mode} on {lock.table} would queue behind {'; '.join(names)}",
        names=names,
        hint="end those transactions; zdm does not queue behind them, since everybody else"
        " would queue behind zdm",
    )


def blockers(connection: Connection, locks: Sequence[TableLock]) -> tuple[str, ...]:
    """Who holds the tables of these locks now, in words."""
    rows = connection.execute(
        "SELECT DISTINCT a.pid, a.application_name, a.state, a.query,"
        " extract(epoch FROM clock_timestamp() - a.xact_start)"
        " FROM pg_catalog.pg_locks AS l"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.relation = ANY (SELECT pg_catalog.to_regclass(t) FROM unnest(%s) AS t)"
        " AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()",
        ([lock.table.sql for lock in locks],),
    ).fetchall()
    return tuple(describe(*row) for row in rows)


def describe(
    pid: int | None, name: str | None, state: str | None, query: str | None, age: Any
) -> str:
    """A session in words: who, doing what, for how long."""
    if pid is None:  # it outlives its session
        return "a prepared transaction (see pg_prepared_xacts)"
    said = f"{name or 'unnamed'} (pid {pid}, {state or 'state not visible'}"
    if age is not None:
        said += f", transaction open for {float(age):.0f} s"
    if query:
        said += f": {query.strip().splitlines()[0][:60]}"
    return said + ")"


def orphans(connection: Connection) -> tuple[str, ...]:
    """Live backends of other executors: theirs may still apply a dead one's DDL."""
    rows = connection.execute(
        "SELECT pid, application_name, state, query,"
        " extract(epoch FROM clock_timestamp() - xact_start)"
        " FROM pg_catalog.pg_stat_activity WHERE application_name LIKE %s"
        " AND datname = pg_catalog.current_database() AND state IS DISTINCT FROM 'idle'"
        " AND pid <> pg_catalog.pg_backend_pid()",
        (PREFIX + "execute%",),
    ).fetchall()
    return tuple(describe(*row) for row in rows)
