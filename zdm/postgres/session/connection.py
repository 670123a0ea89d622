"""Connections of zdm's own, and psycopg's errors in zdm's words.

Every connection is named `zdm-run:…` and asks the server to look for a dead client each
second: without that, a killed migrator's DDL is still applied later (measured, PostgreSQL 18).
None prepares a statement by itself: one whose result row a migration changes would fail from
then on. A password is never part of a message.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import conninfo

from zdm.errors import InputError, TemporaryError, ZdmError

PREFIX = "zdm-run:"
MAX_NAME = 63
CONNECT_SECONDS = 10
WHERE_ASKED = 1_000_000_000  # executions before psycopg prepares a statement by itself
SESSION = (
    "SELECT pg_catalog.set_config('client_connection_check_interval', '1s', false)",
    "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false)",
)

# what libpq says of a URL before it asks a server
_INVALID = re.compile(r"invalid (?:port number|integer value|\w+ value)")

Connection = psycopg.Connection[tuple[Any, ...]]


def shown(url: str) -> str:
    """The URL as a person may see it: host, port, database and user, no password."""
    if _is_ambiguous(url):
        return "the given URL"
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the given URL"
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    return f"{parts.get('user') or ''}@{host}:{port}/{parts.get('dbname') or ''}"


def _is_ambiguous(url: str) -> bool:
    """Whether user or password hold an `@` or `/` as it is, so that libpq would take a part of
    the password for the host."""
    if not url.startswith(("postgresql://", "postgres://")):
        return False
    head = url.partition("://")[2].partition("?")[0]
    before, at, _ = head.rpartition("@")
    return bool(at) and not {"@", "/"}.isdisjoint(before)


def place(url: str) -> str:
    """The database as a label: host, port and name."""
    return shown(url).rpartition("@")[2]


def connect(url: str, *, name: str, autocommit: bool = True, tuned: bool = True) -> Connection:
    """Connect; raises InputError for an unusable URL, TemporaryError where no server answers.

    `tuned` False leaves the session's settings alone: behind a pooler they would stay in a
    server connection that applications share.
    """
    if _is_ambiguous(url):
        raise InputError(
            "the database URL cannot be read: its user or password contains a plain `@` or `/`",
            hint="encode `@` as `%40`, `/` as `%2F`, `:` as `%3A` and `%` as `%25` there",
        )
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            application_name=(PREFIX + name)[:MAX_NAME],
            connect_timeout=CONNECT_SECONDS,
            keepalives=1,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,  # what was sent and never acknowledged
        )
    except (psycopg.ProgrammingError, UnicodeError) as error:  # no host's name
        raise InputError(
            "the database URL cannot be read",
            hint="write it as postgresql://user@host:5432/database",
        ) from error
    except psycopg.OperationalError as error:
        raise _unreachable(url, error) from error
    if tuned:
        tune(connection)
    connection.autocommit = autocommit
    return connection


def tune(connection: Connection) -> None:
    """Settings of a session that is zdm's own, which prepares a statement where it is asked to.

    psycopg does so only where it has a threshold at all.
    """
    connection.prepare_threshold = WHERE_ASKED
    for statement in SESSION:
        # Windows servers refuse the first; then a dead client is seen by keepalives only
        with contextlib.suppress(psycopg.errors.InvalidParameterValue):
            connection.execute(statement)


def _unreachable(url: str, error: psycopg.OperationalError) -> ZdmError:
    lines = str(error).strip().splitlines()
    reason = lines[-1] if lines else "no answer"
    if "too many c" in reason or "connection slots" in reason:  # 53300; it may name a role
        return TemporaryError(
            f"{shown(url)} has no connection left: {reason}",
            hint="close unused connections, or raise the limit that it names",
        )
    if _INVALID.search(reason):
        return InputError(
            f"{shown(url)} is no address of a server: {reason}",
            hint="correct the database URL",
        )
    if "does not exist" in reason or "authentication failed" in reason or "role" in reason:
        return InputError(
            f"{shown(url)} refused the connection: {reason}",
            hint="check the database's name, the user and the password",
        )
    return TemporaryError(
        f"{shown(url)} cannot be reached: {reason}",
        hint="check host and port, and that the server runs; then run the same command again",
    )


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """psycopg's errors in this block become zdm's: `doing` is what was being done."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise TemporaryError(
            f"the database was lost while {doing}: {first_line(error)}",
            hint="run the same command again; it resumes where it stopped",
        ) from error
    except psycopg.Error as error:
        raise InputError(
            f"PostgreSQL refused {doing}: {first_line(error)}",
            hint="the server's message names the cause",
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def setting(value: timedelta) -> str:
    """A duration as the value of a setting."""
    return f"{value // timedelta(milliseconds=1)}ms"


def setting_name(name: str) -> str:
    """A setting's name as RESET takes it; names hold letters, digits, `_` and `.` only."""
    if not name.replace("_", "").replace(".", "").isalnum():
        raise ZdmError(f"`{name}` is no setting's name")
    return name
