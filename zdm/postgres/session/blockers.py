"""Who holds a table: seen before a strong lock is asked for, named, and ended if allowed.

A request that waits already blocks every later reader, so zdm looks first and waits without
queueing. An automatic vacuum gives way to a waiting lock only after `deadlock_timeout`, which
is longer than zdm ever queues: zdm makes it give way with a lock that blocks no reads or
writes. One that runs to prevent wraparound does not give way, and is waited for.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from psycopg import errors

from zdm.execute.ports import Clock
from zdm.model import duration
from zdm.model.locks import LockMode
from zdm.model.plan import TableLock
from zdm.postgres.session.connection import PREFIX, Connection

LONG = timedelta(seconds=1)  # a transaction older than this is waited for without queueing
SHOWN = 90  # characters of a query: "(to prevent wraparound)" is at the end
ENDING = timedelta(seconds=5)  # to wait for the end of a session; most take milliseconds
ANY_AGE = timedelta(0)
NUDGE = "1500ms"  # longer than deadlock_timeout's default, after which a vacuum gives way
_PG_MODES = {mode: "".join(word.title() for word in mode.split()) + "Lock" for mode in LockMode}
_SESSION = (
    "a.pid, a.backend_start, a.backend_type, a.application_name, a.usename, a.state, a.query,"
    " extract(epoch FROM clock_timestamp() - a.xact_start)::float8, a.xact_start"
)


class Blocker(Struct, frozen=True, kw_only=True):
    """One session, or prepared transaction, that holds what is wanted."""

    pid: int | None  # None: a prepared transaction, which outlives its session
    started: Any
    kind: str | None  # backend_type; None: not visible to us
    application: str | None
    user: str | None
    state: str | None
    query: str | None
    age: timedelta | None  # of its transaction; None: not visible to us
    began: Any  # when its transaction did

    @property
    def is_vacuum(self) -> bool:
        """An automatic vacuum, as far as can be seen."""
        return self.pid is not None and self.kind != "client backend" and self.user is None

    @property
    def may_be_ended(self) -> bool:
        """A client's session that is not zdm's own."""
        name = self.application or ""
        return self.kind == "client backend" and not name.startswith(PREFIX)

    def __str__(self) -> str:
        if self.pid is None:
            return "a prepared transaction (see pg_prepared_xacts)"
        text = f"{self.application or self.kind or 'unnamed'} (pid {self.pid}"
        text += f", user {self.user}" if self.user else ""
        text += f", {self.state or 'state not visible'}"
        if self.age is not None:
            text += f", transaction open for {duration.text(self.age)}"
        if self.query and self.query.strip():
            text += f": {self.query.strip().splitlines()[0][:SHOWN]}"
        return text + ")"


def _blocker(row: Sequence[Any]) -> Blocker:
    return Blocker(
        pid=row[0],
        started=row[1],
        kind=row[2],
        application=row[3],
        user=row[4],
        state=row[5],
        query=row[6],
        age=None if row[7] is None else timedelta(seconds=row[7]),
        began=row[8],
    )


def of_lock(
    connection: Connection, lock: TableLock, *, older_than: timedelta = ANY_AGE
) -> tuple[Blocker, ...]:
    """Who holds what this lock must wait for, in a transaction older than this.

    One whose age is not visible to us counts where all do; an automatic vacuum always.
    """
    conflicting = [_PG_MODES[m] for m in LockMode if m.conflicts_with(lock.mode)]
    rows = connection.execute(
        f"SELECT DISTINCT ON (l.pid, l.virtualtransaction) {_SESSION}"  # noqa: S608
        " FROM pg_catalog.pg_locks AS l"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " LEFT JOIN (pg_catalog.pg_locks AS x"
        " JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction = x.transactionid)"
        " ON l.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction"
        " WHERE l.relation = pg_catalog.to_regclass(%(table)s) AND l.granted AND l.database ="
        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
        " AND l.mode = ANY (%(modes)s)"
        " AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
        " AND (l.pid IS NOT NULL AND a.usename IS NULL OR %(age)s = 0.0"
        " OR clock_timestamp() - coalesce(a.xact_start, p.prepared)"
        " > pg_catalog.make_interval(secs => %(age)s))".encode(),
        {"table": lock.table.sql, "modes": conflicting, "age": older_than.total_seconds()},
    ).fetchall()
    return tuple(_blocker(row) for row in rows)


def of_backend(connection: Connection, pid: int) -> tuple[Blocker, ...]:
    """Who a backend waits for now, whatever it waits for; 0 is a prepared transaction."""
    rows = connection.execute(
        f"SELECT {_SESSION} FROM unnest(pg_catalog.pg_blocking_pids(%s)) AS b (pid)"  # noqa: S608
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = b.pid".encode(),
        (pid,),
    ).fetchall()
    return tuple(_blocker(row) for row in rows)


def named(connection: Connection, pattern: str) -> tuple[Blocker, ...]:
    """Other sessions in this database whose application name is LIKE the pattern."""
    rows = connection.execute(
        f"SELECT {_SESSION} FROM pg_catalog.pg_stat_activity AS a"  # noqa: S608
        " WHERE application_name LIKE %s AND datname = pg_catalog.current_database()"
        " AND pid <> pg_catalog.pg_backend_pid() ORDER BY pid".encode(),
        (pattern,),
    ).fetchall()
    return tuple(_blocker(row) for row in rows)


def nudge(connection: Connection, lock: TableLock) -> None:
    """Make an automatic vacuum give way: this lock waits without blocking reads or writes."""
    with contextlib.suppress(errors.LockNotAvailable), connection.transaction():
        connection.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (NUDGE,))
        connection.execute(
            f"LOCK TABLE {lock.table.sql} IN SHARE UPDATE EXCLUSIVE MODE".encode()
        )


class Ending(StrEnum):
    """What became of a session that was to end."""

    ENDED = "ended"
    GONE = "gone"  # by itself
    STAYS = "stays"  # it was terminated, and is still there
    NOT_ALLOWED = "not allowed"


def end(connection: Connection, blocker: Blocker, wait: timedelta = ENDING) -> Ending:
    """End a session, if it is still the same one; `wait` is for its end."""
    try:
        row = connection.execute(
            "SELECT pg_catalog.pg_terminate_backend(pid, %s) FROM pg_catalog.pg_stat_activity"
            " WHERE pid = %s AND backend_start IS NOT DISTINCT FROM %s",
            (wait // timedelta(milliseconds=1), blocker.pid, blocker.started),
        ).fetchone()
    except errors.InsufficientPrivilege:
        return Ending.NOT_ALLOWED
    if row is None:
        return Ending.GONE
    return Ending.ENDED if row[0] else Ending.STAYS


def words(blockers: Sequence[Blocker]) -> tuple[str, ...]:
    """Each in words."""
    return tuple(str(item) for item in blockers)


def before(
    connection: Connection, lock: TableLock, older_than: timedelta = LONG
) -> tuple[Blocker, ...]:
    """Who would make this lock wait long; a vacuum among them was asked to give way."""
    found = of_lock(connection, lock, older_than=older_than)
    if any(item.is_vacuum for item in found):
        nudge(connection, lock)
        found = of_lock(connection, lock, older_than=older_than)
    return found


@dataclass(slots=True)
class Ender:
    """Ends sessions that were in the way for too long, if that is allowed at all."""

    after: timedelta | None
    clock: Clock
    wait: timedelta = ENDING  # for the end of one
    seen: dict[tuple[Any, ...], float] = field(default_factory=dict)

    def end(
        self, connection: Connection, found: Sequence[Blocker]
    ) -> Iterator[tuple[Blocker, Ending]]:
        """End the transactions among these that were first seen long enough ago."""
        if self.after is None:
            return
        now = self.clock.monotonic()
        for item in found:
            first = self.seen.setdefault((item.pid, item.started, item.began), now)
            if item.may_be_ended and now - first >= self.after.total_seconds():
                yield item, end(connection, item, self.wait)
