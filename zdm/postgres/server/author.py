"""The role under which an author's SQL runs on a shadow: it owns its database and nothing else.

A migration is other people's text, and a superuser may run programs and read files of the
server (manual, COPY, section PROGRAM). So a superuser makes databases, roles and extensions,
all before the author's first byte, and everything else is done by this role, which is none, may
make neither roles nor databases, and is a member only of roles without rights of their own.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from urllib.parse import quote, unquote, urlsplit

from psycopg import errors

from zdm.model.sql import ident, literal
from zdm.postgres.server import programs, scram
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

ROLE = "zdm_author"
APPLICATION = "zdm_application"  # owns nothing; writes as the application's role does
_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT"
_IS_SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
# Settings of the log that only a superuser may change: each statement once, whole.
LOGGING = {
    "log_statement": "all",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "-1",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "lc_messages": "C",
}


def prepare(conn: Connection, server: Server) -> bool:
    """Make the role, as the server's superuser, and revoke what an author may have given
    it; False where zdm is no superuser there, so that its own role does the work."""
    row = conn.execute(_IS_SUPERUSER).fetchone()
    if row is None or not row[0]:
        return False
    for role in (ROLE, APPLICATION):
        with contextlib.suppress(errors.DuplicateObject, errors.UniqueViolation):
            conn.execute(f"CREATE ROLE {role} {_RIGHTS}".encode())
        secret = literal(_kept(server, role))
        with contextlib.suppress(errors.InternalError_):  # another process does the same
            conn.execute(f"ALTER ROLE {role} {_RIGHTS} PASSWORD {secret}".encode())
            conn.execute(f"ALTER ROLE {role} RESET ALL".encode())
    return True


def url(server: Server, database: str, role: str = ROLE) -> str:
    """The URL of a database for the role."""
    given = urlsplit(server.dsn)
    place = given.netloc.rpartition("@")[2]
    netloc = f"{role}:{quote(_password(server, role), safe='')}@{place}"
    return given._replace(netloc=netloc, path=f"/{database}").geturl()


def _password(server: Server, role: str) -> str:
    """Known only to those who know the superuser's, or can read the cache."""
    key = unquote(urlsplit(server.dsn).password or "") or _secret()
    return hmac.new(key.encode(), role.encode(), hashlib.sha256).hexdigest()


def _kept(server: Server, role: str) -> str:
    """What a server is given of it: the user's own one hashes it as it is set to."""
    password = _password(server, role)
    return password if server.pid is None else scram.hashed(password)


def _secret() -> str:
    """A secret of this user's cache, for a server that asks its superuser for no password."""
    file = programs.cache_directory() / "author-secret"
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_hex(32))
    return file.read_text()


def give_schema(server: Server, database: str) -> None:
    """Give the role the schema public of a new, empty database; before version 15 it is the
    superuser's."""
    admin = urlsplit(server.dsn)._replace(path=f"/{database}").geturl()
    with connection.connect(admin, name="shadow") as conn:
        conn.execute(f"ALTER SCHEMA public OWNER TO {ROLE}".encode())


def log_everything(conn: Connection, database: str) -> None:
    """What the log must hold of a database; set by a superuser, it stays as it is."""
    for key, value in LOGGING.items():
        conn.execute(f"ALTER DATABASE {ident(database)} SET {key} = {literal(value)}".encode())
