"""psycopg's errors in the runner's words: try again, connect again, or a person must look."""

from collections.abc import Callable

import psycopg
from psycopg import errors

from zdm.errors import StoppedError, ZdmError
from zdm.execute.ports import ConnectionLostError, LockBusyError, StatementCancelledError
from zdm.postgres.session import error_kinds, row_security
from zdm.postgres.session.connection import first_line
from zdm.postgres.session.error_kinds import Kind


def translated(
    doing: str, error: psycopg.Error, holders: Callable[[], tuple[str, ...]]
) -> ZdmError:
    """The error; `holders` names who holds the tables, where one of them was busy."""
    match error:
        case errors.LockNotAvailable() | errors.DeadlockDetected():
            return _busy(doing, error, holders)
        case errors.SerializationFailure():
            return _busy(doing, error, tuple)
        case errors.QueryCanceled():
            return StatementCancelledError(
                f"a timeout or a person cancelled {doing}: {first_line(error)}",
                hint="see what made it slow, then run the same command again",
            )
        case errors.DiskFull():
            return StoppedError(
                f"the server's disk is full while {doing}",
                hint="make room, then run it again",
            )
        case errors.ReadOnlySqlTransaction():  # a standby: the primary is elsewhere now
            return lost(doing, error)
    if error_kinds.kind(error) in (Kind.LOST, Kind.BUSY):
        return lost(doing, error)
    return StoppedError(f"PostgreSQL refused {doing}: {first_line(error)}", hint=_remedy(error))


def _remedy(error: psycopg.Error) -> str:
    again = "then run the same command again"
    said = first_line(error)
    match error:
        case errors.ObjectNotInPrerequisiteState() if "replica identity" in said:
            table = "ALTER TABLE … REPLICA IDENTITY USING INDEX … (or FULL)"
            return f"give the table a primary key, or {table}; {again}"
        case errors.InsufficientPrivilege() if "row-level security" in said:
            return f"a policy would hide rows from zdm's role: {row_security.WAYS}; {again}"
        case errors.InsufficientPrivilege():
            return f"GRANT what the server names to zdm's role, {again}; see `zdm doctor`"
    return f"fix the cause, {again}"


def lost(doing: str, error: psycopg.Error) -> ConnectionLostError:
    """The connection broke."""
    return ConnectionLostError(
        f"the database was lost while {doing}: {first_line(error)}",
        hint="run the same command again; it resumes where it stopped",
    )


def _busy(doing: str, error: psycopg.Error, holders: Callable[[], tuple[str, ...]]) -> ZdmError:
    try:
        names = holders()
    except psycopg.Error as broken:
        return lost(doing, broken)
    who = f"; held by {', '.join(names)}" if names else ""
    return LockBusyError(
        f"no lock for {doing} in time ({first_line(error)}){who}",
        names=names,
        hint="end what holds the table, then run the same command again",
    )
