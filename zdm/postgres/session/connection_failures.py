"""Why a connection was not made, from libpq's message: what to correct, or when to try again.

libpq gives no SQLSTATE for a connection that failed, so its words decide. What it refuses
before it asks a server is a setting, and so is what the server refuses by name: neither goes
away by itself (exit 2). A server that does not answer, starts, stops or is full is temporary
(exit 75), and so is what is not known here: a run that lost its connection tries again.
"""

import re

from zdm.errors import InputError, TemporaryError, ZdmError

_PREFIX = re.compile(r"connection (?:failed|is bad): ")
_EACH_HOST = re.compile(r"- host: .*?: (?=connection (?:failed|is bad): |failed to )")
_ASKED = re.compile(r"connection to server |failed to resolve|could not translate|timeout exp")
_FULL = re.compile(r"too many c|connection slots")  # 53300; it may name a role
_PASSING = re.compile(
    r"Connection refused|No such file or directory$|timeout expired|timed out|unreachable"
    r"|No route to|closed the connection unexpectedly|reset by peer|failed to resolve"
    r"|could not translate"
    r"|starting up|shutting down|recovery mode|not yet accepting|session is (?:not )?read-only"
    r"|hot standby mode|SSL SYSCALL|SSL connection has been closed|EOF detected"
)
_TLS = (
    "see `sslmode`, `sslrootcert`, `sslcert` and `sslkey` in the URL, and PGSSLMODE,"
    " PGSSLROOTCERT, PGSSLCERT and PGSSLKEY in the environment"
)
# what a server, or libpq on its behalf, refuses, and the remedy; the first that is found counts
_REFUSALS = (
    (
        r"password authentication failed|no password supplied|authentication failed",
        "check the user and the password (in the URL, where `@` is written `%40`, or in"
        " PGPASSWORD or ~/.pgpass)",
    ),
    (r"role \".*\" does not exist", "check the user in the URL, or CREATE ROLE … LOGIN"),
    (r"not permitted to log in", "ALTER ROLE … LOGIN, or connect as another role"),
    (r"database \".*\" does not exist", "check the database's name at the end of the URL"),
    (r"permission denied for database", "GRANT CONNECT ON DATABASE … TO the role in the URL"),
    (
        r"not currently accepting connections",
        "ALTER DATABASE … ALLOW_CONNECTIONS true, or name another database",
    ),
    (
        r"no encryption|SSL off",
        "the server takes encrypted connections only: add sslmode=require to the URL",
    ),
    (
        r"pg_hba\.conf",
        "let the server's pg_hba.conf accept this user and database from this machine",
    ),
    (r"SSL|certificate|private key", _TLS),
    (r"GSSAPI|Kerberos|SCRAM|channel binding", "see `gssencmode` and `channel_binding`"),
    (r"protocol", "give the address of a PostgreSQL server, 14 or newer"),
)
# what libpq itself refuses
_SETTINGS = (
    (
        r"definition of service|service file",
        "define it in ~/.pg_service.conf or PGSERVICEFILE, or unset PGSERVICE",
    ),
    (r"ssl", _TLS),
    (r"", "correct the database URL, or the PG… variable that says so"),
)


def described(where: str, message: str) -> ZdmError:
    """The error for libpq's message; `where` is the address as a person may see it."""
    reasons = _reasons(message)
    reason = "; ".join(reasons)
    if any(_FULL.search(one) for one in reasons):
        return TemporaryError(
            f"{where} has no connection left: {reason}",
            hint="close unused connections, or raise the limit that it names",
        )
    if any(map(_passes, reasons)):
        return _temporary(where, reason)
    if not _ASKED.search(reason):
        return InputError(
            f"{where} is no address of a server: {reason}", hint=_remedy(_SETTINGS, reason)
        )
    remedy = _remedy(_REFUSALS, reason)
    if not remedy:
        return _temporary(where, reason)
    return InputError(f"{where} refused the connection: {reason}", hint=remedy)


def _reasons(message: str) -> list[str]:
    """What libpq says first, of each host that was tried."""
    lines = [line.strip() for line in message.strip().splitlines()]
    hosts = [line for line in lines if _EACH_HOST.match(line)]
    found = hosts or lines[:1] or ["no answer"]
    return [_PREFIX.sub("", _EACH_HOST.sub("", one), count=1) for one in found]


def _passes(reason: str) -> bool:
    """Whether it may succeed later; a missing file is a setting, unless it is the socket."""
    return bool(_PASSING.search(reason)) and 'file "' not in reason


def _temporary(where: str, reason: str) -> TemporaryError:
    return TemporaryError(
        f"{where} cannot be reached: {reason}",
        hint="check host and port, and that the server runs; then run the same command again",
    )


def _remedy(table: tuple[tuple[str, str], ...], reason: str) -> str:
    return next((hint for pattern, hint in table if re.search(pattern, reason)), "")
