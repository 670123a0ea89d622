"""Shadow servers that outlive a run, so that the second one starts in a fraction of a second.

initdb takes a second and replaying a history much longer, so a cluster stays in zdm's cache,
or in ZDM_SCRATCH_DIR if that is set: one slot for each process that needs one at the same time
(flock), and databases worth keeping become templates under the hash of what made them. Nothing
in it is lost that cannot be made again: fsync is off, and a cluster of before the machine's
last start is made again.
"""

import contextlib
import fcntl
import functools
import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from msgspec.structs import replace
from psycopg import errors

from zdm.errors import TemporaryError
from zdm.execute.clock import SystemClock, wait_until
from zdm.model.catalog.database import Setting
from zdm.model.schema import Snapshot
from zdm.model.sql import ident, literal
from zdm.postgres.catalog import foundations, read
from zdm.postgres.server import author, limits, places, programs, provider, reaper
from zdm.postgres.server.programs import Programs
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection

FORMAT = 6  # of the clusters in the cache
KEPT_TEMPLATES = 20
_SCRATCH = "zdm_s_"
_TEMPLATE = "zdm_t_"
_EVICTING = 0x7A646D45  # key of an advisory lock
_PATIENCE = timedelta(seconds=10)  # for an ended run's server or session to go
_LOOK = timedelta(milliseconds=20)
_LEAVING = timedelta(milliseconds=60)  # of a session whose client is gone
# a value that only the schema's own server knows, such as a locale
_NOT_HERE = (errors.InvalidParameterValue, errors.InsufficientPrivilege, errors.UndefinedObject)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


Opening = Callable[[Wanted], contextlib.AbstractContextManager[Server]]


@contextlib.contextmanager
def open(wanted: Wanted) -> Iterator[Server]:
    """A shadow server for this block: the user's, else one of the cache, else a throwaway."""
    if wanted.url:
        yield provider.given(wanted)
        return
    chosen, notice = provider.choose(wanted.major)
    with contextlib.ExitStack() as stack:
        slot = _slot(chosen, stack)
        if slot is None:
            server = stack.enter_context(provider.throwaway(wanted))
            _limit(stack, server, wanted)
            yield server
            return
        data = _cluster(chosen, slot)
        stack.push(functools.partial(_discard, data))
        quiet = replace(wanted, settings=(("autovacuum", "off"), *wanted.settings))
        server = stack.enter_context(provider.running(chosen, data, quiet))
        _sweep(server)
        _limit(stack, server, wanted)
        yield replace(server, notice=notice)


def _limit(stack: contextlib.ExitStack, server: Server, wanted: Wanted) -> None:
    assert server.pid is not None
    assert server.log_directory is not None
    data = server.log_directory.parent
    stack.enter_context(limits.enforced(server.pid, data, wanted.limits))


def _discard(
    data: Path, _kind: object, error: BaseException | None, _traceback: object
) -> None:
    """Delete what a migration without end has left."""
    if isinstance(error, limits.LimitPassedError):
        (data.parent / "boot").unlink(missing_ok=True)  # so that it is made again
        shutil.rmtree(data, ignore_errors=True)


def _slot(chosen: Programs, stack: contextlib.ExitStack) -> Path | None:
    """A folder in the cache that no other process uses now; None where there is none."""
    home = places.shadows() / f"{chosen.major}-{_identity(chosen)}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for number in range(places.SLOTS):
            lock = stack.enter_context((home / f"{number}.lock").open("w"))
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                slot = home / str(number)
                slot.mkdir(exist_ok=True)
                programs.give(slot)
                return slot
    except PermissionError:  # a cache that only another user may write
        return None
    return None


def _identity(chosen: Programs) -> str:
    """A hash that changes with the programs and with what zdm makes of them."""
    program = (chosen.bin / "postgres").resolve()
    found = program.stat()
    text = f"{FORMAT} {program} {found.st_size} {found.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _cluster(chosen: Programs, slot: Path) -> Path:
    """The slot's data directory, made on first use."""
    data, mark = slot / "data", slot / "boot"
    boot = _BOOT.read_text() if _BOOT.exists() else "unknown"
    if data.exists():
        _await_end(data)
    if not mark.exists() or mark.read_text() != boot:
        shutil.rmtree(data, ignore_errors=True)
        mark.unlink(missing_ok=True)
        provider.initialise(chosen, data)
        mark.write_text(boot)
    shutil.rmtree(data / "log", ignore_errors=True)
    (slot / "output.log").unlink(missing_ok=True)
    return data


def _await_end(data: Path) -> None:
    """Wait for the server of a killed run, which its watcher is stopping."""

    def has_ended() -> bool:
        if not (data / "postmaster.pid").exists():
            return True
        pid = _postmaster(data)
        if pid is None or reaper.is_server(pid, data):
            return False
        (data / "postmaster.pid").unlink(missing_ok=True)
        return True

    if not wait_until(has_ended, SystemClock(), within=_PATIENCE, every=_LOOK):
        raise TemporaryError(
            f"the shadow server in {data} is still running, though no process uses it",
            hint="end the process whose id is the first line of its postmaster.pid",
        )


def _postmaster(data: Path) -> int | None:
    """The server's process; None where its file goes, or is written, at this moment."""
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _sweep(server: Server) -> None:
    """Drop what killed runs left."""
    with connection.connect(server.dsn, name="shadow") as conn:
        rows = conn.execute(
            "SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, %s)",
            [_SCRATCH],
        ).fetchall()
        for (name,) in rows:
            conn.execute(f"DROP DATABASE {ident(name)} WITH (FORCE)".encode())


@contextlib.contextmanager
def database(
    server: Server,
    template: str | None = None,
    *,
    logged: bool = False,
    start: Snapshot | None = None,
) -> Iterator[str]:
    """The URL of a new database for the author's role, empty or from the template saved under
    a key; `logged`: the server's log holds every statement sent to it; `start` has the settings
    with which sessions of the schema's own database begin, and those of its roles."""
    with connection.connect(server.dsn, name="shadow") as conn:
        apart = author.prepare(conn, server)
        name = make(conn, template, apart=apart, start=start)
        if logged:
            author.log_everything(conn, name)
        try:
            if apart and template is None:  # later, the database holds the author's objects
                author.give_schema(server, name)
            yield author.url(server, name) if apart else url(server, name)
        finally:
            drop(conn, name)


def make(
    conn: connection.Connection, template: str | None, *, apart: bool, start: Snapshot | None
) -> str:
    """The name of a new database; `apart`: it is the author's role's. See `database`."""
    name = f"{_SCRATCH}{uuid4().hex[:16]}"
    source = "template0" if template is None else _template_name(template)
    if template is not None:
        _touch(conn, source)
    _copy(conn, source, name, owner=author.ROLE if apart else None)
    if start is not None:
        _set(conn, name, start.settings)
        _set_for_roles(conn, name, start.role_settings)
    return name


def drop(conn: connection.Connection, name: str) -> None:
    """Drop a database, with the sessions that are still in it."""
    with connection.translated("dropping a shadow database"):
        _await_sessions(conn, name)
        conn.execute(f"DROP DATABASE IF EXISTS {ident(name)} WITH (FORCE)".encode())


def _await_sessions(conn: connection.Connection, name: str) -> None:
    """Let sessions end that were just closed: while one is there, DROP DATABASE looks again
    every 100 ms only."""
    sessions = b"SELECT FROM pg_catalog.pg_stat_activity WHERE datname = %s"

    def are_gone() -> bool:
        return conn.execute(sessions, [name]).fetchone() is None

    wait_until(are_gone, SystemClock(), within=_LEAVING, every=_LEAVING / 20)


@contextlib.contextmanager
def without_triggers(server: Server, dsn: str) -> Iterator[connection.Connection]:
    """A session in which neither foreign keys nor ordinary triggers run, for sample rows. Only
    a superuser may set that, so it is set for the database while the session begins."""
    name = ident(_name(dsn))
    with connection.connect(server.dsn, name="shadow") as admin:
        with contextlib.suppress(errors.InsufficientPrivilege):
            admin.execute(
                f"ALTER DATABASE {name} SET session_replication_role = replica".encode()
            )
        try:
            opened = connection.connect(dsn, name="verify", autocommit=True)
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET session_replication_role".encode())
    with contextlib.closing(opened):
        yield opened


def application(server: Server, dsn: str) -> str:
    """The URL of a shadow database for the application's role; the same where zdm may make no
    role."""
    apart = urlsplit(dsn).username == author.ROLE
    return author.url(server, _name(dsn), author.APPLICATION) if apart else dsn


def administration(server: Server, dsn: str) -> str:
    """The URL of a shadow database for who made it, to put roles and extensions there before
    anything of the author's is in it."""
    return url(server, _name(dsn))


def _set(conn: connection.Connection, name: str, settings: tuple[Setting, ...]) -> None:
    for setting in settings:
        _alter(conn, f"DATABASE {ident(name)}", setting.name, setting.value)


def _set_for_roles(
    conn: connection.Connection, name: str, settings: tuple[Setting, ...]
) -> None:
    """Only of roles that zdm made, which cannot log in and are no superusers."""
    ours = foundations.made_here(conn, {one.role for one in settings})
    for one in settings:
        if one.role in ours:
            place = f"ROLE {ident(one.role)} IN DATABASE {ident(name)}"
            _alter(conn, place, one.name, one.value)


def _alter(conn: connection.Connection, what: str, key: str, value: str) -> None:
    """ALTER takes a list item by item; the whole value goes through a session. A superuser
    does this, and a snapshot file may say anything: other settings are not set."""
    if key not in read.SETTINGS:
        return
    with contextlib.suppress(*_NOT_HERE), conn.transaction():
        conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", [key, value])
        conn.execute(f"ALTER {what} SET {key} FROM CURRENT".encode())


def _name(dsn: str) -> str:
    return unquote(urlsplit(dsn).path.removeprefix("/"))


def _copy(
    conn: connection.Connection, source: str, name: str, *, owner: str | None = None
) -> None:
    """CREATE DATABASE; sessions of the source that were just closed may need a moment."""
    whose = f" OWNER {ident(owner)}" if owner is not None else ""
    # the log of each page, the default from 15 on, takes more than twice the time of a copy
    how = " STRATEGY file_copy" if conn.info.server_version >= 150000 else ""
    words = f"CREATE DATABASE {ident(name)} TEMPLATE {ident(source)}{whose}{how}"
    create = words.encode()

    def is_made() -> bool:
        try:
            conn.execute(create)
        except errors.ObjectInUse:
            return False
        return True

    with connection.translated("making a shadow database"):
        if not wait_until(is_made, SystemClock(), within=_PATIENCE, every=_LOOK):
            conn.execute(create)  # raises who uses it


def has_template(server: Server, key: str) -> bool:
    """Whether a template is saved under the key."""
    with connection.connect(server.dsn, name="shadow") as conn:
        row = conn.execute(
            "SELECT FROM pg_catalog.pg_database WHERE datname = %s AND datistemplate",
            [_template_name(key)],
        ).fetchone()
        return row is not None


def save_template(server: Server, dsn: str, key: str, *, kept: int = KEPT_TEMPLATES) -> None:
    """Keep a copy of a database as the template for a key; the database stays as it is.

    All sessions in it must be closed. The templates not used for longest go.
    """
    name, source = _template_name(key), _name(dsn)
    draft = f"{_SCRATCH}{uuid4().hex[:16]}"
    with connection.connect(server.dsn, name="shadow") as conn:
        _copy(conn, source, draft)
        try:
            conn.execute(f"ALTER DATABASE {ident(draft)} RENAME TO {ident(name)}".encode())
        except errors.DuplicateDatabase:  # another process had the same to save
            if not _half_dropped(conn, name):
                conn.execute(f"DROP DATABASE {ident(draft)}".encode())
                return
            conn.execute(f"DROP DATABASE {ident(name)}".encode())
            conn.execute(f"ALTER DATABASE {ident(draft)} RENAME TO {ident(name)}".encode())
        conn.execute(f"ALTER DATABASE {ident(name)} IS_TEMPLATE true".encode())
        _touch(conn, name)
        _evict(conn, kept)


def _half_dropped(conn: connection.Connection, name: str) -> bool:
    """Whether a DROP DATABASE was interrupted, for example by a full disk; no session can use
    what it leaves, and its name stays taken."""
    found = "SELECT FROM pg_catalog.pg_database WHERE datname = %s AND datconnlimit = -2"
    return conn.execute(found, [name]).fetchone() is not None


def _touch(conn: connection.Connection, name: str) -> None:
    """Write down when a template was used last, in the comment on it."""
    now = SystemClock().now().isoformat()
    with contextlib.suppress(errors.InvalidCatalogName):  # CREATE DATABASE says it better
        conn.execute(f"COMMENT ON DATABASE {ident(name)} IS {literal(now)}".encode())


def _evict(conn: connection.Connection, kept: int) -> None:
    """Leave it to the other process where one does it now; the session's end ends the lock."""
    lock = conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [_EVICTING]).fetchone()
    if lock is None or not lock[0]:
        return
    rows = conn.execute(
        "SELECT d.datname FROM pg_catalog.pg_database AS d"
        " WHERE starts_with(d.datname, %s) AND d.datistemplate"
        " ORDER BY pg_catalog.shobj_description(d.oid, 'pg_database') DESC NULLS LAST"
        " OFFSET %s",
        [_TEMPLATE, kept],
    ).fetchall()
    for (name,) in rows:
        conn.execute(f"ALTER DATABASE {ident(name)} IS_TEMPLATE false".encode())
        conn.execute(f"DROP DATABASE {ident(name)} WITH (FORCE)".encode())


def _template_name(key: str) -> str:
    return f"{_TEMPLATE}{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def url(server: Server, name: str) -> str:
    return urlsplit(server.dsn)._replace(path=f"/{name}").geturl()
