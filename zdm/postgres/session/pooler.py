"""Is the session one backend's, from end to end? zdm's lock and its dead-client check need it.

PgBouncer in transaction mode lends a backend per transaction, so a session-level advisory
lock stays with a backend that the next client gets, and the server sees the pooler live on
when zdm is dead. A pooler makes the process id up that it greets a client with (measured,
PgBouncer 1.18), so the question is answered before a lock is taken or a setting is changed.
"""

import contextlib
import secrets

from zdm.errors import RefusedError
from zdm.postgres.session import connection, pins
from zdm.postgres.session.connection import Connection

_HELD = (
    "SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted"
    " AND pid = pg_catalog.pg_backend_pid()"
)


def connect_directly(url: str, *, name: str) -> Connection:
    """Connect with zdm's settings, which behind a pooler would stay in a shared backend."""
    made = connection.connect(url, name=name, tuned=False)
    with contextlib.ExitStack() as unless_tuned, connection.translated("connecting"):
        unless_tuned.callback(made.close)
        refuse(made)
        connection.refuse_old(made)
        connection.tune(made)
        pins.pin(made)
        unless_tuned.pop_all()
    return made


def refuse(session: Connection) -> None:
    """Raise RefusedError where the connection goes through a pooler."""
    if len(_backends(session)) != 1:
        raise _refusal()


def refuse_stranded(session: Connection) -> None:
    """Raise RefusedError where an advisory lock taken before is not this session's now."""
    if session.execute(_HELD).fetchone() is None:
        raise _refusal()


def keeps_locks(session: Connection) -> bool:
    """Whether a lock taken in one transaction is this session's in the next; lets it go."""
    if len(_backends(session)) != 1:
        return False
    key = secrets.randbits(62)
    session.execute("SELECT pg_catalog.pg_advisory_lock(%s)", (key,))
    try:
        return session.execute(_HELD).fetchone() is not None
    finally:
        session.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (key,))


def _backends(session: Connection) -> set[int | None]:
    """The process ids that greet, and that serve two transactions."""
    pids: set[int | None] = {session.info.backend_pid}
    for _ in range(2):
        with session.transaction():
            row = session.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
            pids.add(row[0] if row else None)
    return pids


def _refusal() -> RefusedError:
    return RefusedError(
        "the connection goes through a pooler, which strands locks and hides a dead client",
        hint="give zdm a direct URL to the server",
    )
