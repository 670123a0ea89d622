"""Where the shadow is: read from its DSN, given to the child in every form drivers ask for.

The child uses it, too, so it imports only the standard library.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_PAIR = re.compile(r"(\w+)\s*=\s*('(?:\\.|[^'\\])*'|[^\s']\S*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One database of one server, with the credentials for it."""

    host: str
    port: str
    user: str
    password: str = field(default="", repr=False)
    database: str
    sslmode: str = ""

    def variables(self) -> dict[str, str]:
        """The environment with which libpq goes there by itself."""
        wanted = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
            "PGSSLMODE": self.sslmode,
        }
        return {name: value for name, value in wanted.items() if value}

    def url(self, scheme: str) -> str:
        """It as a URL, for SQLAlchemy (`postgresql+psycopg`) or libpq (`postgresql`)."""
        user = quote(self.user, safe="")
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        database = quote(self.database, safe="")
        if self.host.startswith("/"):  # a socket's folder
            return (
                f"{scheme}://{user}{secret}@/{database}"
                f"?host={quote(self.host, safe='')}&port={self.port}"
            )
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{secret}@{host}:{self.port}/{database}"


def parse(dsn: str) -> Address:
    """The address in a libpq URL or conninfo.

    What it leaves out is not taken from PG* variables: their password is another database's.
    """
    given = _url(dsn) if "://" in dsn else _conninfo(dsn)
    user = given.get("user", "postgres")
    return Address(
        host=given.get("host", "localhost"),
        port=given.get("port", "5432"),
        user=user,
        password=given.get("password", ""),
        database=given.get("dbname", user),
        sslmode=given.get("sslmode", ""),
    )


def _url(dsn: str) -> dict[str, str]:
    parts = urlsplit(dsn)
    found = {
        "host": unquote(parts.hostname or ""),
        "port": "" if parts.port is None else str(parts.port),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return {key: value for key, value in found.items() if value} | dict(parse_qsl(parts.query))


def _conninfo(dsn: str) -> dict[str, str]:
    return {name: _unquoted(value) for name, value in _PAIR.findall(dsn)}


def _unquoted(value: str) -> str:
    if value.startswith("'"):
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)
