"""Being the only executor: a session-level advisory lock on a direct connection, never a row,
which would outlive its owner.

What a dead executor left running is ended before anything is done: its statement might still
be applied. Dead means that its process on this machine is gone, or that it is this executor's
own former connection. Any other is waited for, unless the operator says `--take-over`.
"""

import hashlib

from zdm.errors import RefusedError
from zdm.execute.ports import LockBusyError
from zdm.postgres import blockers, identity, pooler
from zdm.postgres.blockers import Blocker, Ending
from zdm.postgres.connection import PREFIX, Connection

_KEY = int.from_bytes(hashlib.sha256(b"zdm executor").digest()[:8], signed=True)
_TRY = "SELECT pg_catalog.pg_try_advisory_lock(%s)"


def claim(connection: Connection, *, own: str, take_over: bool) -> tuple[str, ...]:
    """Become the only executor on this database; the sessions that were ended for it.

    `own` is this executor's name. Raises LockBusyError naming who is at work.
    """
    ended: list[str] = []
    for _ in range(2):
        if _tried(connection):
            break
        if not _clear(connection, holders(connection), ended, own=own, take_over=take_over):
            raise _held(holders(connection))
    else:
        raise _held(holders(connection))
    pooler.refuse_stranded(connection)
    left = [item for item in executors(connection) if item.state != "idle"]
    if not _clear(connection, left, ended, own=own, take_over=take_over):
        names = blockers.words(left)
        raise LockBusyError(
            f"a statement of an executor that is gone still runs: {', '.join(names)}",
            names=names,
            hint="it ends by itself within seconds; if you know that it is dead, run the same"
            " command with --take-over",
        )
    return tuple(ended)


def _tried(connection: Connection) -> bool:
    row = connection.execute(_TRY, (_KEY,)).fetchone()
    return row is not None and bool(row[0])


def _clear(
    connection: Connection,
    found: list[Blocker],
    ended: list[str],
    *,
    own: str,
    take_over: bool,
) -> bool:
    """End those that are dead, or all on the operator's word; whether none is left."""
    alive = False
    for item in found:
        name = item.application or ""
        if not (take_over or identity.is_same(name, own) or identity.is_dead(name)):
            alive = True
            continue
        ending = blockers.end(connection, item)
        if ending is Ending.ENDED:
            ended.append(str(item))
        if ending is Ending.NOT_ALLOWED and take_over:
            raise RefusedError(
                f"{item} cannot be ended by this user, so its run is not taken over",
                hint="use its user, or one with the role pg_signal_backend",
            )
        alive = alive or ending in (Ending.STAYS, Ending.NOT_ALLOWED)
    return not alive


def executors(connection: Connection) -> list[Blocker]:
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


def _held(found: list[Blocker]) -> LockBusyError:
    names = blockers.words(found)
    return LockBusyError(
        f"another executor is at work: {', '.join(names) or 'it ended just now'}",
        names=names,
        hint="wait for it, look at it with `zdm status`, or stop it with `zdm cancel`; if you"
        " know that its process is dead, run the same command with --take-over",
    )
