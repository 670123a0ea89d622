"""Being the only executor: a session-level advisory lock on a direct connection, never a row,
which would outlive its owner.

What a dead executor left running is ended before anything is done: its statement might still
be applied. Dead means that its process on this machine is gone, or that it is this executor's
own former connection. Any other is waited for, unless the operator gives `--take-over`.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from zdm.errors import RefusedError
from zdm.execute import executors
from zdm.execute.ports import LockBusyError
from zdm.postgres.session import blockers, identity, pooler
from zdm.postgres.session.blockers import Blocker, Ending
from zdm.postgres.session.connection import PREFIX, Connection

_KEY = int.from_bytes(hashlib.sha256(b"zdm executor").digest()[:8], signed=True)
_TRY = "SELECT pg_catalog.pg_try_advisory_lock(%s)"


class Claimant(Struct, frozen=True, kw_only=True):
    """Who claims: the executor's name, whether it may end a live one, and how long it waits
    for the end of a session."""

    name: str
    take_over: bool = False
    ending: timedelta = blockers.ENDING


def claim(connection: Connection, report: Callable[[str], object], by: Claimant) -> None:
    """Become the only executor on this database.

    Raises LockBusyError naming the running executor; a session that was ended before that is
    reported at once, so that no error loses it.
    """
    for _ in range(2):
        if _tried(connection):
            break
        if _clear(connection, holders(connection), report, by):
            raise _held(holders(connection))
    else:
        raise _held(holders(connection))
    pooler.refuse_stranded(connection)
    found = [item for item in sessions(connection) if item.state != "idle"]
    if left := _clear(connection, found, report, by):
        names = blockers.words(left)
        raise LockBusyError(
            f"a statement of a dead executor is still running: {', '.join(names)}",
            names=names,
            hint="it ends by itself within seconds; if you know that it is dead, run the same"
            " command with --take-over",
        )


def _tried(connection: Connection) -> bool:
    row = connection.execute(_TRY, (_KEY,)).fetchone()
    return row is not None and bool(row[0])


def _clear(
    connection: Connection,
    found: list[Blocker],
    report: Callable[[str], object],
    by: Claimant,
) -> list[Blocker]:
    """End those that are dead, or all with --take-over; which are left."""
    left = []
    for item in found:
        name = item.application or ""
        if not (by.take_over or identity.is_same(name, by.name) or identity.is_dead(name)):
            left.append(item)
            continue
        ending = blockers.end(connection, item, by.ending)
        if ending is Ending.ENDED:
            report(named(item))
        if ending is Ending.NOT_ALLOWED and by.take_over:
            raise RefusedError(
                f"{named(item)} cannot be ended by this user, so its run is not taken over",
                hint="use its user, or one with the role pg_signal_backend",
            )
        if ending in (Ending.STAYS, Ending.NOT_ALLOWED):
            left.append(item)
    return left


def sessions(connection: Connection) -> list[Blocker]:
    """Other executors' connections to this database."""
    return list(blockers.named(connection, f"{PREFIX}execute%"))


def holders(connection: Connection) -> list[Blocker]:
    """Whose session holds the executor's lock; one at the most."""
    rows = connection.execute(
        "SELECT l.pid FROM pg_catalog.pg_locks AS l"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())"
        " AND (l.classid::bigint << 32 | l.objid::bigint) = %s",
        (_KEY,),
    ).fetchall()
    pids = {pid for (pid,) in rows}
    return [item for item in blockers.named(connection, "%") if item.pid in pids]


def described(holder: Blocker) -> str:
    """Host and process of the executor that holds the lock."""
    return executors.described(holder.application or "an unnamed session")


def named(connected: Blocker) -> str:
    """An executor by host and process, with its server process; without zdm's own SQL."""
    return f"{described(connected)} (pid {connected.pid}, user {connected.user})"


def _held(found: list[Blocker]) -> LockBusyError:
    names = tuple(described(holder) for holder in found)
    return LockBusyError(
        f"another executor is running: {', '.join(names) or 'it ended just now'}",
        names=names,
        hint="wait for it, look at it with `zdm status`, or stop it with `zdm cancel`; if you"
        " know that its process is dead, run the same command with --take-over",
    )
