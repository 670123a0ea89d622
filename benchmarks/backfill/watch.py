"""Looks at the server beside an engine: when a fill ended, and who was blocked how long."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.backfill import server

Connection = psycopg.Connection[tuple[Any, ...]]
EVERY_SECONDS = 0.025  # so that a short wait for a lock is seen
FILL_SECONDS = 0.1  # a checkpoint says its own time, and looking costs what is measured
_FILL = "SELECT sum(scanned), extract(epoch FROM max(updated_at)) FROM zdm.backfill_range"
# seconds that the load's own sessions wait for a lock which something else holds
_BLOCKED = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)
FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE NOT l.granted AND a.application_name = 'pgbench'
  AND EXISTS (SELECT FROM unnest(pg_blocking_pids(l.pid)) AS b
              JOIN pg_stat_activity AS o ON o.pid = b
              WHERE o.application_name <> 'pgbench')
"""


@contextlib.contextmanager
def again_and_again(
    url: str, look: Callable[[Connection], None], every: float = EVERY_SECONDS
) -> Iterator[None]:
    """Let `look` ask the server every few milliseconds, in a thread, while the block lasts."""
    stop = threading.Event()

    def run() -> None:
        with server.connect(url, "zdm-run:bench") as conn:
            while not stop.wait(every):
                look(conn)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(slots=True)
class Fill:
    """When the last batch was written that moved a cursor: what follows is verification."""

    last_batch: float | None = None
    scanned: int | None = None

    def look(self, conn: Connection) -> None:
        """The journal's checkpoint, which each batch writes."""
        row = conn.execute(_FILL).fetchone()
        if row is not None and row[0] is not None and row[0] != self.scanned:
            self.scanned, self.last_batch = row[0], float(row[1])


@dataclass(slots=True)
class Blocked:
    """The longest time that a query of the load was seen to wait for the migration."""

    longest: float = 0.0

    def look(self, conn: Connection) -> None:
        """The longest wait there is now."""
        row = conn.execute(_BLOCKED).fetchone()
        self.longest = max(self.longest, float(row[0]) if row else 0.0)
