"""In the child: nothing that a revision or env.py does reaches any database but the shadow.

Four walls. Every SQLAlchemy connection of every driver is redirected (a class-level
`do_connect` listener, in place before env.py loads) and proves that it is the shadow before
its first statement. `connect` of psycopg, psycopg2 and asyncpg refuses any other address, for
code that connects by itself. Python sockets go to the shadow only. PostgreSQL's own programs
are not started. A breach is remembered, so that `except Exception: pass` does not hide it.
"""

import importlib.util
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy import event, pool
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

from zdm.errors import InputError, ZdmError
from zdm.revisions.shadow_address import Address

# The mark of a shadow is the comment on its database, which its owner may set.
ASK_MARKER = (
    "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()"
)
# What says where to connect and as whom; everything else of the user's is kept.
_ADDRESS = frozenset(
    {
        "host", "hostaddr", "port", "user", "password", "passfile", "dbname", "database",
        "service", "servicefile", "dsn", "unix_sock", "sslmode", "sslcert", "sslkey",
        "sslrootcert", "sslcrl", "ssl", "ssl_context", "direct_tls", "gssencmode",
        "requiressl", "channel_binding", "require_auth", "krbsrvname", "target_session_attrs",
        "load_balance_hosts", "async_creator_fn", "async_fallback",
    }
)  # fmt: skip
_PROGRAM = re.compile(r"postgres(?:ql)?://|\b(?:psql|pg_\w+|createdb|dropdb|pgbench)\b")
_STARTS = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"})


class Sandbox:
    """The walls; closed to everything until a shadow is given."""

    def __init__(self) -> None:
        self.address: Address | None = None
        self.hosts: frozenset[str] = frozenset()
        self.token = ""
        self.breaches: list[str] = []

    def install(self) -> None:
        """Put up all walls, for the life of the process."""
        event.listen(sa.Engine, "do_connect", self._redirect)
        event.listen(pool.Pool, "connect", self._prove)
        sys.addaudithook(self._audit)
        sys.meta_path.insert(0, _DriverFinder(self))

    def open(self, address: Address, token: str) -> None:
        """Let connections through to the shadow that holds the token."""
        self.address, self.token = address, token
        self.hosts = frozenset({address.host, *_resolved(address)})

    def check(self) -> None:
        """Raise for a breach that an `except` has hidden."""
        if self.breaches:
            raise _refusal(self.breaches[0])

    def breach(self, what: str) -> ZdmError:
        """Remember the breach and give the error to raise."""
        self.breaches.append(what)
        return _refusal(what)

    def require(self) -> Address:
        """The shadow's address."""
        if self.address is None:
            raise self.breach("connects to a database while the files are only being read")
        return self.address

    def parameters(self, driver: str) -> dict[str, Any]:
        """The shadow's address as keyword arguments of a driver's connect()."""
        shadow = self.require()
        name = "dbname" if driver.startswith("psycopg") else "database"
        found: dict[str, Any] = {"user": shadow.user, name: shadow.database}
        if driver == "pg8000" and shadow.host.startswith("/"):
            found["unix_sock"] = f"{shadow.host}/.s.PGSQL.{shadow.port}"
        else:
            found |= {"host": shadow.host, "port": int(shadow.port)}
        if shadow.password:
            found["password"] = shadow.password
        return found

    def _redirect(
        self, dialect: Dialect, _record: object, _cargs: object, cparams: dict[str, Any]
    ) -> DBAPIConnection:
        if dialect.name != "postgresql":
            raise self.breach(f"opens a {dialect.name} database, and zdm reads PostgreSQL only")
        kept = {key: value for key, value in cparams.items() if key not in _ADDRESS}
        return dialect.connect(**kept, **self.parameters(dialect.driver))

    def _prove(self, connection: DBAPIConnection, _record: object) -> None:
        if not self.token:
            return  # zdm's own connection, which puts the marker there
        cursor = connection.cursor()
        cursor.execute(ASK_MARKER)
        row = cursor.fetchone()
        cursor.close()
        connection.rollback()
        if row is None or row[0] != self.token:
            raise self.breach("connects to a database that is not the shadow")

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "socket.connect":
            self._check_socket(arguments[1])
        elif name in _STARTS and _PROGRAM.search(_command(arguments)):
            raise self.breach(f"starts `{_command(arguments)}`, which zdm cannot follow")

    def _check_socket(self, address: object) -> None:
        shadow = self.address
        match address:
            case str(path) if shadow and path.startswith(f"{shadow.host}/.s.PGSQL."):
                return
            case (host, port, *_) if shadow and host in self.hosts and str(port) == shadow.port:
                return
            case _:
                raise self.breach(f"opens a network connection to {address!r} by itself")

    def check_direct(self, given: Mapping[str, Any]) -> None:
        """Refuse the arguments of a driver's connect() unless they mean the shadow."""
        shadow = self.require()
        wanted = {"host": shadow.host, "port": shadow.port, "dbname": shadow.database}
        meant = {
            "host": given.get("host"),
            "port": given.get("port"),
            "dbname": given.get("dbname") or given.get("database"),
        }
        other = [key for key, value in meant.items() if value and str(value) != wanted[key]]
        if other or given.get("service") or given.get("hostaddr") not in (None, shadow.host):
            place = f"{meant['host'] or shadow.host}:{meant['port'] or shadow.port}"
            raise self.breach(f"connects to {place}/{meant['dbname'] or ''} by itself")


def _refusal(what: str) -> InputError:
    return InputError(
        f"the revision or env.py {what}, which recording does not allow: only the shadow may"
        " be reached",
        hint="use the connection that Alembic gives: op.get_bind(), or op.execute()",
    )


def _resolved(address: Address) -> set[str]:
    if address.host.startswith("/"):
        return set()
    found = socket.getaddrinfo(address.host, int(address.port), type=socket.SOCK_STREAM)
    return {str(item[4][0]) for item in found}


def _command(arguments: tuple[Any, ...]) -> str:
    words = [item for item in arguments[:2] if item is not None]
    shown = words[-1] if words else ""
    if isinstance(shown, list | tuple):
        return " ".join(_text(item) for item in shown)
    return _text(shown)


def _text(item: object) -> str:
    return os.fsdecode(item) if isinstance(item, bytes | os.PathLike) else str(item)


def conninfo(text: object) -> dict[str, str]:
    """What a libpq URL or conninfo says; unreadable text names an address of its own."""
    given = _text(text or "")
    if "://" not in given:
        found = re.findall(r"(\w+)\s*=\s*('(?:\\.|[^'\\])*'|\S*)", given)
        return {key: value.strip("'") for key, value in found}
    parts = urlsplit(given)
    place = parts.netloc.rpartition("@")[2]
    host, _, port = place.rpartition(":") if re.search(r":\d*$", place) else (place, "", "")
    named = {
        "host": unquote(host).strip("[]"),
        "port": port,
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return {key: value for key, value in named.items() if value} | dict(parse_qsl(parts.query))


Connect = Callable[..., Any]


def _guarded(sandbox: Sandbox, connect: Connect, dsn_names: tuple[str, ...]) -> Connect:
    """The driver's connect(), which takes its DSN first or under one of the names."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        dsn = next((kwargs[name] for name in dsn_names if kwargs.get(name)), None)
        if dsn is None and args:
            dsn = args[0]
        sandbox.check_direct(conninfo(dsn) | {k: v for k, v in kwargs.items() if v is not None})
        return connect(*args, **kwargs)

    return checked


def _psycopg(sandbox: Sandbox, module: ModuleType) -> None:
    for kind in (module.Connection, module.AsyncConnection):
        inner = kind.connect.__func__

        def connect(
            cls: type[Any], /, *args: Any, _inner: Connect = inner, **kwargs: Any
        ) -> Any:
            bound = _guarded(sandbox, lambda *a, **k: _inner(cls, *a, **k), ("conninfo",))
            return bound(*args, **kwargs)

        kind.connect = classmethod(connect)
    _set(module, "connect", module.Connection.connect)


def _psycopg2(sandbox: Sandbox, module: ModuleType) -> None:
    _set(module, "_connect", _guarded(sandbox, module._connect, ("dsn",)))


def _asyncpg(sandbox: Sandbox, module: ModuleType) -> None:
    guarded = _guarded(sandbox, module.connect, ("dsn",))
    _set(module, "connect", guarded)
    _set(module.connection, "connect", guarded)


def _set(module: ModuleType, name: str, value: Connect) -> None:
    setattr(module, name, value)


_DRIVERS: dict[str, Callable[[Sandbox, ModuleType], None]] = {
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "asyncpg": _asyncpg,
}


class _DriverFinder(MetaPathFinder):
    """Guards a driver as soon as it is imported; importing all would take 0.4 s."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._looking = False

    def find_spec(
        self, fullname: str, _path: object, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        guard = _DRIVERS.get(fullname)
        if guard is None or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _GuardingLoader(spec.loader, lambda m: guard(self._sandbox, m))
        return spec


class _GuardingLoader(Loader):
    def __init__(self, inner: Loader, after: Callable[[ModuleType], None]) -> None:
        self._inner = inner
        self._after = after

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        self._after(module)
