"""What the gates look at, one query each; pg_locks and pg_stat_* of PostgreSQL 14 and later.

Other roles' rows of pg_stat_activity are blank without pg_read_all_stats, and blank rows
look like an idle server, so a role that may not read them is reported.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from zdm.backfill.gates import Reading, Unreadable
from zdm.backfill.server_load import Activity
from zdm.config.settings import BackfillGates
from zdm.execute.ports import Clock
from zdm.model import duration
from zdm.postgres.session.connection import PREFIX, Connection

MIB = 1024 * 1024
_LSNS_SECONDS = 3600.0
_ARCHIVE = """
SELECT arc IS NOT NULL,
       CASE WHEN arc ~ '^[0-9A-F]{24}$' THEN
         (('x' || substr(cur, 9, 8))::bit(32)::bigint
          - ('x' || substr(arc, 9, 8))::bit(32)::bigint) * (4294967296 / seg)
         + ('x' || substr(cur, 17, 8))::bit(32)::bigint
         - ('x' || substr(arc, 17, 8))::bit(32)::bigint - 1 END,
       failing, failed
FROM (SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) AS cur,
             last_archived_wal AS arc, last_failed_wal AS failed,
             coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
               AS failing,
             (SELECT setting::bigint FROM pg_catalog.pg_settings
              WHERE name = 'wal_segment_size') AS seg
      FROM pg_catalog.pg_stat_archiver) AS a
"""
# what keeps VACUUM from cleaning up: open transactions, prepared ones, slots, standbys
_HORIZON = """
SELECT what, xmin::text, seconds FROM (
  SELECT coalesce(nullif(application_name, ''), 'unnamed') || ' (pid ' || pid || ')' AS what,
         coalesce(backend_xmin, backend_xid) AS xmin,
         extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
  FROM pg_catalog.pg_stat_activity
  WHERE backend_type = 'client backend' AND datname = pg_catalog.current_database()
    AND application_name NOT LIKE %s AND coalesce(backend_xmin, backend_xid) IS NOT NULL
  UNION ALL
  SELECT 'prepared transaction ' || gid, transaction,
         extract(epoch FROM clock_timestamp() - prepared)::float8
  FROM pg_catalog.pg_prepared_xacts
  UNION ALL
  SELECT 'slot ' || slot_name, xmin, NULL
  FROM pg_catalog.pg_replication_slots WHERE xmin IS NOT NULL
  UNION ALL
  SELECT 'standby ' || application_name, backend_xmin, NULL
  FROM pg_catalog.pg_stat_replication WHERE backend_xmin IS NOT NULL
) AS h
"""


@dataclass(slots=True)
class Look:
    """The connection that polls, the relations that are filled, and what polls remember."""

    connection: Connection
    oids: list[int]
    limits: BackfillGates
    clock: Clock
    pids: list[int] = field(default_factory=list)  # our own backends
    lsns: deque[tuple[float, int]] = field(default_factory=deque)
    horizons: dict[str, tuple[str, float]] = field(default_factory=dict)
    oldest: tuple[str, timedelta] = ("none", timedelta(0))  # who holds the horizon
    blockers: list[int] = field(default_factory=list)  # of our own, found by the last look

    def rows(self, query: str, values: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        """A query's rows; planned once, for it is asked every second."""
        return self.connection.execute(query.encode(), values, prepare=True).fetchall()


def sees_all(connection: Connection) -> bool:
    """Whether other roles' rows of pg_stat_activity are visible."""
    row = connection.execute(
        "SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
    ).fetchone()
    return row is not None and bool(row[0])


def replica_bytes(look: Look) -> Reading | Unreadable:
    """MB that the replica furthest behind has not replayed."""
    name, behind, _ = _replica(look)
    if name is None:
        return _missing(look) or Reading(value=0)
    return _missing(look) or Reading(
        value=behind / MIB,
        detail=f"replica {name} is {behind / MIB:,.0f} MB behind"
        f" (limit {look.limits.replica_mb} MB)",
    )


def replica_lag(look: Look) -> Reading | Unreadable:
    """Seconds that the slowest replica is behind."""
    name, _, seconds = _replica(look, by_time=True)
    if name is None:
        return _missing(look) or Reading(value=0)
    return _missing(look) or Reading(
        value=seconds,
        detail=f"replica {name} is {duration.text(timedelta(seconds=seconds))} behind"
        f" (limit {duration.text(look.limits.replica_lag)})",
    )


def _replica(look: Look, *, by_time: bool = False) -> tuple[str | None, float, float]:
    """The slowest replica, bytes and seconds behind.

    A replica that is stuck reports no new lag, so the time is also derived from when its
    position was the primary's.
    """
    rows = look.rows(
        "SELECT coalesce(nullif(application_name, ''), client_addr::text, 'unnamed'),"
        " coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn),"
        " pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), sent_lsn), 0)::bigint,"
        " coalesce(extract(epoch FROM replay_lag), 0)::float8,"
        " pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::bigint"
        " FROM pg_catalog.pg_stat_replication WHERE state <> 'backup'"
    )
    if not rows:
        return None, 0.0, 0.0
    now = look.clock.monotonic()
    _remember(look, now, rows[0][3])
    found = [
        (name, float(behind), _seconds(look, now, current - behind, lag) if behind else 0.0)
        for name, behind, lag, current in rows
    ]
    return max(found, key=lambda one: one[2] if by_time else one[1])


def _remember(look: Look, now: float, lsn: int) -> None:
    look.lsns.append((now, lsn))
    while now - look.lsns[0][0] > _LSNS_SECONDS:
        look.lsns.popleft()


def _seconds(look: Look, now: float, position: int, reported: float) -> float:
    passed = next((at for at, lsn in look.lsns if lsn > position), now)
    return max(reported, now - passed)


def _missing(look: Look) -> Unreadable | None:
    """An expected standby that is not there has an unknown lag."""
    there = {row[0] for row in look.rows("SELECT application_name FROM pg_stat_replication")}
    gone = [name for name in look.limits.standbys if name not in there]
    return Unreadable(reason=f"standby {', '.join(gone)} is not connected") if gone else None


def slot_bytes(look: Look) -> Reading | Unreadable:
    """MB of WAL that the slot furthest behind retains."""
    rows = look.rows(
        "SELECT slot_name, (pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(),"
        " restart_lsn) / 1048576)::float8, pg_catalog.pg_size_bytes("
        "pg_catalog.current_setting('max_slot_wal_keep_size')) / 1048576.0"
        " FROM pg_catalog.pg_replication_slots WHERE restart_lsn IS NOT NULL"
        " AND wal_status IS DISTINCT FROM 'lost'"
    )
    shares = []
    for name, retained, most in rows:
        limit = look.limits.slot_mb
        if most is not None and most >= 0:
            limit = min(limit, int(float(most) * look.limits.slot_percent / 100))
        shares.append((retained / max(limit, 1), name, retained, limit))
    if not shares:
        return Reading(value=0)
    share, name, retained, limit = max(shares)
    return Reading(
        value=100 * share,
        detail=f"slot {name} retains {retained:,.0f} MB of WAL (limit {limit:,} MB)",
    )


def slot_state(look: Look) -> Reading:
    """Slots that hold more WAL than max_wal_size, or lose theirs soon."""
    rows = look.rows(
        "SELECT slot_name, wal_status FROM pg_catalog.pg_replication_slots"
        " WHERE wal_status IN ('extended', 'unreserved')"
    )
    found = ", ".join(f"slot {name} is {status}" for name, status in rows)
    return Reading(value=len(rows), detail=found)


def archive(look: Look) -> Reading:
    """Segments that wait for the archive."""
    if not _archives(look):
        return Reading(value=0)
    ((known, behind, _, _),) = look.rows(_ARCHIVE)
    value = float(behind) if known and behind is not None else 0.0
    limit = look.limits.archive_segments
    return Reading(
        value=value, detail=f"{value:,.0f} WAL segments wait for the archive (limit {limit})"
    )


def archive_failing(look: Look) -> Reading:
    """Whether the last attempt to archive failed."""
    if not _archives(look):
        return Reading(value=0)
    ((_, _, failing, failed),) = look.rows(_ARCHIVE)
    return Reading(value=float(failing), detail=f"archiving fails at WAL segment {failed}")


def _archives(look: Look) -> bool:
    ((mode,),) = look.rows("SELECT pg_catalog.current_setting('archive_mode')")
    return bool(mode != "off")


def vacuum(look: Look) -> Reading:
    """Vacuums of a relation that is filled, other than our own."""
    rows = look.rows(
        "SELECT v.pid, v.phase, coalesce(a.query, '') FROM pg_catalog.pg_stat_progress_vacuum"
        " AS v LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = v.pid"
        " WHERE v.relid::bigint = ANY (%s) AND NOT v.pid = ANY (%s)",
        (look.oids, look.pids),
    )
    found = [
        f"{'a vacuum to prevent wraparound' if 'wraparound' in query else 'a vacuum'}"
        f" (pid {pid}, {phase}) works on the table"
        for pid, phase, query in rows
    ]
    return Reading(value=len(rows), detail=", ".join(found))


def dead_percent(look: Look) -> tuple[float, int]:
    """The share of dead rows, and how many they are."""
    ((dead, live),) = look.rows(
        "SELECT coalesce(sum(n_dead_tup), 0)::bigint, coalesce(sum(n_live_tup), 0)::bigint"
        " FROM pg_catalog.pg_stat_all_tables WHERE relid::bigint = ANY (%s)",
        (look.oids,),
    )
    return (100.0 * dead / (dead + live) if dead else 0.0), dead


def dead_rows(look: Look) -> Reading:
    """The share of dead rows, where a transaction is so old that VACUUM cannot clean."""
    who, age = horizon(look)
    if age <= look.limits.xmin_age:
        return Reading(value=0)
    percent, _ = dead_percent(look)
    return Reading(
        value=percent,
        detail=f"{percent:.0f} % of the rows are dead (limit {look.limits.dead_percent} %),"
        f" and {who} keeps VACUUM from removing them, open for {duration.text(age)}",
    )


def horizon(look: Look) -> tuple[str, timedelta]:
    """Who holds the oldest rows visible, and for how long."""
    now, seen = look.clock.monotonic(), {}
    oldest = ("none", timedelta(0))
    for what, xmin, seconds in look.rows(_HORIZON, (PREFIX + "%",)):
        same = look.horizons.get(what)
        since = same[1] if same is not None and same[0] == xmin else now
        seen[what] = (xmin, since)
        age = timedelta(seconds=float(seconds) if seconds is not None else now - since)
        oldest = max(oldest, (what, age), key=lambda one: one[1])
    look.horizons, look.oldest = seen, oldest
    return oldest


def waiting_for_us(look: Look) -> Reading:
    """Sessions that wait for a lock of a batch."""
    rows = look.rows(
        "SELECT DISTINCT w.pid, pg_catalog.pg_blocking_pids(w.pid)"
        " FROM pg_catalog.pg_locks AS w WHERE NOT w.granted AND NOT w.pid = ANY (%s)"
        " AND pg_catalog.pg_blocking_pids(w.pid) && %s::int[]",
        (look.pids, look.pids),
    )
    look.blockers = sorted({pid for _, by in rows for pid in by if pid in look.pids})
    names = ", ".join(f"pid {pid}" for pid, _ in rows)
    return Reading(value=len(rows), detail=f"{names} waits for a lock of a batch")


def queue(look: Look) -> Reading:
    """Requests for a lock of the table that are not granted."""
    rows = look.rows(
        "SELECT DISTINCT l.pid, l.mode, coalesce(a.application_name, '')"
        " FROM pg_catalog.pg_locks AS l"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE NOT l.granted AND l.relation::bigint = ANY (%s) AND NOT l.pid = ANY (%s)"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())",
        (look.oids, look.pids),
    )
    found = ", ".join(
        f"{name or 'unnamed'} (pid {pid}) waits for {mode}" for pid, mode, name in rows
    )
    return Reading(value=len(rows), detail=f"{found} of the table")


def activity(look: Look) -> Activity:
    """What sessions of all databases have done until now, all together."""
    ((seconds, transactions),) = look.rows(
        "SELECT sum(active_time) / 1000, sum(xact_commit + xact_rollback)::bigint"
        " FROM pg_catalog.pg_stat_database"
    )
    return Activity(timedelta(seconds=float(seconds)), int(transactions))
