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

from zdm.config.settings import OLDEST_SERVER
from zdm.errors import InputError, RefusedError, TemporaryError, ZdmError
from zdm.postgres.session import connection_failures, error_kinds, pins
from zdm.postgres.session.error_kinds import Kind

PREFIX = "zdm-run:"
MAX_NAME = 63
CONNECT_SECONDS = 10
WHERE_ASKED = 1_000_000_000  # executions before psycopg prepares a statement by itself
SESSION = (
    "pg_catalog.set_config('client_connection_check_interval', '1s', false)",
    "pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false)",
)

Connection = psycopg.Connection[tuple[Any, ...]]


def shown(url: str) -> str:
    """The URL as a person may see it: host, port, database and user, no password."""
    if _is_ambiguous(url):
        return "the given URL"
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the given URL"
    known = {one.keyword.decode(): one.val for one in psycopg.pq.Conninfo.get_defaults()}
    host, port, name = (
        str(parts.get(key) or (known.get(key) or b"").decode(errors="replace"))
        for key in ("host", "port", "dbname")
    )
    return f"{parts.get('user') or ''}@{_hosts(host or 'localhost', port or '5432')}/{name}"


def _hosts(hosts: str, ports: str) -> str:
    """Each host with its port; one port may be meant for all."""
    names = hosts.split(",")
    numbers = ports.split(",") if "," in ports else [ports] * len(names)
    pairs = zip(names, numbers, strict=False)
    return ",".join(f"{host}:{port or 5432}" for host, port in pairs)


def _is_ambiguous(url: str) -> bool:
    """Whether libpq would take a part of the password for something else, and name it: user or
    password hold an `@` or `/` as it is, or what is in the port's place is not a number."""
    if not url.startswith(("postgresql://", "postgres://")):
        return False
    rest = url.partition("://")[2]
    at, slash = rest.find("@"), rest.find("/")
    credentials = at >= 0 and not 0 <= slash < at
    place = rest[at + 1 :] if credentials else rest
    hosts = re.split(r"[/?]", place, maxsplit=1)[0]
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts.split(",")]
    return "@" in place.partition("?")[0] or not all(p.isdecimal() for p in ports if p)


def place(url: str) -> str:
    """The database as a label: host, port and name."""
    return shown(url).rpartition("@")[2]


def connect(
    url: str, *, name: str, autocommit: bool = True, tuned: bool = True, pinned: bool = True
) -> Connection:
    """Connect; raises InputError for an unusable URL, TemporaryError where no server answers.

    `tuned` False leaves the session's settings alone: behind a pooler they would stay in a
    server connection that applications share. `pinned` False leaves it the role's formats and
    timeouts: where the author's text is replayed.
    """
    if _is_ambiguous(url):
        raise InputError(
            "the database URL cannot be read: its port is not a number, or its user or password"
            " contains a plain `@` or `/`",
            hint="encode `@` as `%40`, `/` as `%2F`, `:` as `%3A` and `%` as `%25` there",
        )
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            application_name=(PREFIX + name)[:MAX_NAME],
            connect_timeout=CONNECT_SECONDS,
            client_encoding="utf8",  # statements are sent so, whatever PGCLIENTENCODING says
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
        raise connection_failures.described(shown(url), str(error)) from error
    if tuned:
        refuse_old(connection)
        tune(connection)
    if tuned and pinned:
        pins.pin(connection)
    connection.autocommit = autocommit
    return connection


def refuse_old(connection: Connection, least: int = OLDEST_SERVER) -> None:
    """Raise RefusedError for a server that lacks what zdm's statements need."""
    major = connection.info.server_version // 10_000
    if major < least:
        connection.close()
        raise RefusedError(
            f"the server is PostgreSQL {major}, and zdm needs {least} or newer",
            hint="upgrade the server; `zdm check` needs none",
        )


def tune(connection: Connection) -> None:
    """Settings of a session that is zdm's own, which prepares a statement where it is asked to;
    through a pooler, which greets with another process id, none is set.

    psycopg does so only where it has a threshold at all.
    """
    connection.prepare_threshold = WHERE_ASKED
    pid = connection.info.backend_pid
    try:
        connection.execute(_session(*SESSION), (pid,))
    except psycopg.errors.InvalidParameterValue:
        # Windows servers refuse the first; then a dead client is seen by keepalives only
        connection.execute(_session(*SESSION[1:]), (pid,))


def _session(*settings: str) -> bytes:
    """Through a pooler, which greets with another process id, none is set."""
    return f"SELECT {', '.join(settings)} WHERE pg_catalog.pg_backend_pid() = %s".encode()


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """psycopg's errors in this block become zdm's: `doing` is what was being done."""
    try:
        yield
    except psycopg.Error as error:
        raise _translated(doing, error) from error


def _translated(doing: str, error: psycopg.Error) -> ZdmError:
    said = first_line(error)
    match error_kinds.kind(error):
        case Kind.LOST:
            return TemporaryError(
                f"the database was lost while {doing}: {said}",
                hint="run the same command again; it resumes where it stopped",
            )
        case Kind.BUSY:
            return TemporaryError(
                f"the database is busy: {said} (while {doing})",
                hint="run the same command again",
            )
        case Kind.READ_ONLY:
            return error_kinds.read_only(said)
        case Kind.NOT_ALLOWED:
            return error_kinds.not_allowed(doing, said)
        case Kind.REFUSED:
            return InputError(
                f"PostgreSQL refused {doing}: {said}",
                hint="the server's message names the cause",
            )


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def value(opened: Connection, query: str) -> str:
    """The one value that a query gives, as text."""
    row = opened.execute(query.encode()).fetchone()
    return "" if row is None or row[0] is None else str(row[0])


def role(opened: Connection) -> str:
    """The role whose rights the session has, quoted: another one than the URL's where that has
    a setting of `role` (manual, ALTER ROLE)."""
    return value(opened, "SELECT pg_catalog.quote_ident(current_user)")


def setting(value: timedelta) -> str:
    """A duration as the value of a setting."""
    return f"{value // timedelta(milliseconds=1)}ms"


def setting_name(name: str) -> str:
    """A setting's name as RESET takes it; names hold letters, digits, `_` and `.` only."""
    if not name.replace("_", "").replace(".", "").isalnum():
        raise ZdmError(f"`{name}` is no setting's name")
    return name
