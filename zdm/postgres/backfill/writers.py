"""Whose transactions write to a relation, in words."""

from datetime import datetime, timedelta

from zdm.model import duration
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.session.connection import PREFIX, Connection


def of(connection: Connection, walk: Walk, before: datetime | None = None) -> tuple[str, ...]:
    """Others' transactions that hold the relation for writing, in words, or only those from
    before a time; one whose start is not visible counts as old."""
    rows = connection.execute(
        "SELECT DISTINCT coalesce(a.application_name, ''), l.pid,"
        " extract(epoch FROM clock_timestamp() - a.xact_start)::float8"
        " FROM pg_catalog.pg_locks AS l"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.relation::bigint = %s AND l.granted"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())"
        " AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock')"
        " AND coalesce(a.application_name, '') NOT LIKE %s"
        " AND (a.xact_start IS NULL OR a.xact_start < coalesce(%s, 'infinity'::timestamptz))"
        " ORDER BY 2",
        (walk.oid, PREFIX + "%", before),
    ).fetchall()
    return tuple(_in_words(*row) for row in rows)


def _in_words(name: str, pid: int | None, age: float | None) -> str:
    if pid is None:
        return "a prepared transaction (see pg_prepared_xacts)"
    open_for = ""
    if age is not None:
        open_for = f", transaction open for {duration.text(timedelta(seconds=age))}"
    return f"{name or 'unnamed'} (pid {pid}{open_for})"
