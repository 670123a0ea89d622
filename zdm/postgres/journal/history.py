"""A run's course in time, from the journal; nothing is written."""

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from zdm.postgres.session.connection import Connection


class Attempted(Struct, frozen=True, kw_only=True):
    """How often a step was tried, and why the last try failed."""

    step: str
    failures: int
    reason: str
    failed_at: datetime


def attempted(connection: Connection, run: int) -> tuple[Attempted, ...]:
    """The steps of a run of which some attempt failed."""
    with connection.cursor(row_factory=class_row(Attempted)) as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (step_id) step_id AS step, reason, failed_at,"
            " count(*) OVER (PARTITION BY step_id) AS failures"
            " FROM zdm.attempt WHERE run_id = %s ORDER BY step_id, id DESC",
            (run,),
        )
        return tuple(cursor)


class History(Struct, frozen=True, kw_only=True):
    """Who owns or owned a run, when it did what, and which attempts failed."""

    owner: str
    started_at: datetime
    updated_at: datetime
    deployed_at: datetime | None
    finished_at: datetime | None
    last_progress: datetime
    changed_since: datetime | None  # when the first step was done
    attempted: tuple[Attempted, ...]
    failures: tuple[tuple[str | None, int], ...]  # by SQLSTATE
    wal: tuple[tuple[str, str, int], ...] = ()  # step, table, bytes while its batches ran


def of_run(connection: Connection, run: int) -> History:
    """The course of one run."""
    row = connection.execute(
        "SELECT r.owner, r.started_at, r.updated_at, r.deployed_at, r.finished_at,"
        " greatest(r.updated_at, s.last, b.last, a.last), s.first"
        " FROM zdm.run AS r,"
        " (SELECT min(done_at), max(greatest(started_at, done_at)) FROM zdm.step"
        "  WHERE run_id = %(run)s) AS s (first, last),"
        " (SELECT max(updated_at) FROM zdm.backfill_range WHERE run_id = %(run)s) AS b (last),"
        " (SELECT max(failed_at) FROM zdm.attempt WHERE run_id = %(run)s) AS a (last)"
        " WHERE r.id = %(run)s",
        {"run": run},
    ).fetchone()
    assert row is not None
    failures = connection.execute(
        "SELECT sqlstate, count(*) FROM zdm.attempt WHERE run_id = %s GROUP BY 1 ORDER BY 1",
        (run,),
    ).fetchall()
    wal = connection.execute(
        "SELECT step_id, relation, sum(wal)::bigint FROM zdm.backfill_range"
        " WHERE run_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
        (run,),
    ).fetchall()
    owner, started_at, updated_at, deployed_at, finished_at, last_progress, changed_since = row
    return History(
        owner=owner,
        started_at=started_at,
        updated_at=updated_at,
        deployed_at=deployed_at,
        finished_at=finished_at,
        last_progress=last_progress,
        changed_since=changed_since,
        attempted=attempted(connection, run),
        failures=tuple(failures),
        wal=tuple(wal),
    )
