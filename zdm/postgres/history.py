"""What the journal tells of a run's course in time, for metrics; nothing is written."""

from dataclasses import dataclass
from datetime import datetime

from zdm.postgres.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """When a run did what, and how often an attempt failed, by SQLSTATE."""

    started_at: datetime
    last_progress: datetime
    changed_since: datetime | None  # when the first step was done
    failures: tuple[tuple[str | None, int], ...]
    wal: tuple[tuple[str, str, int], ...] = ()  # step, table, bytes while its batches ran


def of_run(connection: Connection, run: int) -> History:
    """The course of one run."""
    row = connection.execute(
        "SELECT r.started_at,"
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
    return History(
        started_at=row[0],
        last_progress=row[1],
        changed_since=row[2],
        failures=tuple(failures),
        wal=tuple(wal),
    )
