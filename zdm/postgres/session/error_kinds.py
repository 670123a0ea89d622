"""What kind of trouble an SQLSTATE is: one that passes, or one that stays until a person acts.

psycopg's classes do not say it: a table that has no replica identity (55000) and an index row
that is too long (54000) are OperationalErrors, as a lost connection is.
"""

from enum import Enum, auto

import psycopg

from zdm.errors import RefusedError

WRITES = (
    "connect to the primary: with several hosts in the URL, add target_session_attrs=read-write"
)
_LOST = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout ended the session
        "25P04",  # transaction_timeout did
        "57P01",
        "57P02",
        "57P03",
        "57P05",  # idle_session_timeout did
    }
)
_BUSY = frozenset({"40001", "40P01", "53000", "53200", "53300", "55006", "55P03", "57014"})


class Kind(Enum):
    """The kinds that are answered differently."""

    LOST = auto()  # the connection broke
    BUSY = auto()  # locks, memory, connections, a timeout
    READ_ONLY = auto()
    NOT_ALLOWED = auto()
    REFUSED = auto()  # anything else stays as it is


def kind(error: psycopg.Error) -> Kind:
    """The kind of an error."""
    state = error.sqlstate
    if state is None:
        broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Kind.LOST if broken else Kind.REFUSED
    if state in _LOST or state.startswith("08"):
        return Kind.LOST
    if state in _BUSY:
        return Kind.BUSY
    return {"25006": Kind.READ_ONLY, "42501": Kind.NOT_ALLOWED}.get(state, Kind.REFUSED)


def read_only(said: str) -> RefusedError:
    """The server takes no writes, or not from this role."""
    return RefusedError(
        f"the database takes no writes: {said}",
        hint=f"{WRITES}; if it is the primary, RESET default_transaction_read_only of the role"
        " and the database",
    )


def not_allowed(doing: str, said: str) -> RefusedError:
    """The role lacks a right."""
    return RefusedError(
        f"the role may not do this: {said} (while {doing})",
        hint="GRANT it what the server names, or run zdm as the owner of schema `zdm` and of"
        " the tables; `zdm doctor` lists the rights that are needed",
    )
