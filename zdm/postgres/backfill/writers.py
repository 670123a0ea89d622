"""Whose transactions write to a relation, in words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zdm.model import duration
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.session.connection import PREFIX, Connection


@dataclass(slots=True)
class Earlier:
    """Those that may have written before the relation's dual write was there, until they end.

    Whose start is not visible, another role's or a prepared transaction, counts as old at the
    first look only: what comes later has met the trigger, and on a busy table there is always
    one more.
    """

    connection: Connection
    walk: Walk
    before: datetime
    awaited: frozenset[str] | None = field(default=None, init=False)

    def left(self) -> tuple[str, ...]:
        """Which of them are left, in words."""
        found = {id: words for id, words in _found(self.connection, self.walk, self.before)}
        known = found.keys() if self.awaited is None else self.awaited
        self.awaited = frozenset(found.keys() & known)
        return tuple(words for id, words in found.items() if id in self.awaited)


def of(connection: Connection, walk: Walk) -> tuple[str, ...]:
    """Others' transactions that hold the relation for writing, in words."""
    return tuple(words for _, words in _found(connection, walk, None))


def _found(
    connection: Connection, walk: Walk, before: datetime | None
) -> list[tuple[str, str]]:
    """Each with what identifies it; one whose start is not visible counts as old."""
    rows = connection.execute(
        "SELECT DISTINCT l.virtualtransaction, coalesce(a.application_name, ''), l.pid,"
        " extract(epoch FROM clock_timestamp() - a.xact_start)::float8"
        " FROM pg_catalog.pg_locks AS l"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.relation::bigint = %s AND l.granted"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())"
        " AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock')"
        " AND coalesce(a.application_name, '') NOT LIKE %s"
        " AND (a.xact_start IS NULL OR a.xact_start < coalesce(%s, 'infinity'::timestamptz))"
        " ORDER BY 3",
        (walk.oid, PREFIX + "%", before),
    ).fetchall()
    return [(id, _in_words(*row)) for id, *row in rows]


def _in_words(name: str, pid: int | None, age: float | None) -> str:
    if pid is None:
        return "a prepared transaction (see pg_prepared_xacts)"
    open_for = ""
    if age is not None:
        open_for = f", transaction open for {duration.text(timedelta(seconds=age))}"
    return f"{name or 'unnamed'} (pid {pid}{open_for})"
