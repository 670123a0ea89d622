"""A batch that has its table for itself needs no lock of its own on each row.

EXCLUSIVE conflicts with all that writes or locks rows, and not with SELECT (manual, 13.3.1). A
batch that gets it at once knows that no other transaction holds a row of the table, and none
can until it ends; so its UPDATE waits for no row, and leaves none out. That saves the pass that
locks each row first, about a seventh of the server's time.
"""

from dataclasses import dataclass
from datetime import timedelta

from psycopg import errors

from zdm.backfill.server_load import UNKNOWN, Others
from zdm.execute.ports import Clock
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.session.connection import Connection

QUIET = 0.02  # active sessions of others: beyond them one may want the table during a batch
SHY = timedelta(seconds=10)  # after a lock that was not given, without another try


@dataclass(slots=True)
class Alone:
    """Whether a worker may ask for the table; one of several workers never does, since the
    lock would keep the others out."""

    clock: Clock
    wanted: bool  # by the pacing
    again: float = 0.0  # when it may ask, by the monotonic clock

    def may_ask(self, workers: int, others: Others) -> bool:
        """Whether the next batch is to ask for its table."""
        if not self.wanted or workers > 1 or self.clock.monotonic() < self.again:
            return False
        return others == UNKNOWN or others.sessions <= QUIET

    def refused(self) -> None:
        """The lock was not given: others work on the table."""
        self.again = self.clock.monotonic() + SHY.total_seconds()


def take(connection: Connection, walk: Walk) -> bool:
    """Take the table until the transaction ends, if that needs no wait and the role may.

    It is sent as one message; a refusal leaves the transaction as it was.
    """
    lock = f"LOCK TABLE {walk.target} IN EXCLUSIVE MODE NOWAIT"
    try:
        connection.execute(
            f"SAVEPOINT zdm_alone; {lock}; RELEASE SAVEPOINT zdm_alone".encode(), prepare=False
        )
    except (errors.LockNotAvailable, errors.InsufficientPrivilege):
        connection.execute("ROLLBACK TO SAVEPOINT zdm_alone")
        return False
    return True
