"""Throwaway servers: the user's, else programs on the machine, else the embedded wheel.

Used for the shadow, the demo and the tests. A server listens on loopback only and asks for a
password made for it, runs without fsync, never as root, and is gone when its parent is,
however that ended (see watcher.py).
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from msgspec import Struct

from zdm.errors import InputError, TemporaryError
from zdm.execute.clock import SystemClock, wait_until
from zdm.postgres.server import limits, places, programs, scram
from zdm.postgres.server.limits import STANDARD, Limits
from zdm.postgres.server.programs import Programs
from zdm.postgres.session import connection
from zdm.postgres.session.connection import CONNECT_SECONDS

START_PATIENCE = timedelta(seconds=30)
START_LOOK = timedelta(milliseconds=20)
PORTS = 5  # tried, since another process may take a free one before the server does
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_senders": "4",
    "max_prepared_transactions": "2",  # they hold locks, and the gate
    "autovacuum_naptime": "10s",
    "logging_collector": "on",
    "log_destination": "csvlog",
    "log_directory": "log",
    "log_filename": "server.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_min_messages": "warning",
    "dynamic_shared_memory_type": "posix",
    "temp_file_limit": "2GB",  # of one process; only a superuser may change it
}


class Wanted(Struct, frozen=True, kw_only=True):
    """The server that is asked for; no major version means any."""

    major: int | None = None
    url: str | None = None
    log_statements: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    limits: Limits = STANDARD  # of a shadow


class Server(Struct, frozen=True, kw_only=True):
    """A running server; `notice` is a sentence where it is not what was wanted."""

    dsn: str  # of the database postgres, as superuser
    server_version: int
    log_directory: Path | None = None
    notice: str | None = None
    pid: int | None = None
    sockets: Path | None = None  # the folder of its Unix socket, if it has one

    @property
    def major(self) -> int:
        """Its major version."""
        return self.server_version // 10000


@contextlib.contextmanager
def throwaway(wanted: Wanted) -> Iterator[Server]:
    """A server for this block; stopped and deleted after it, unless the user gave it."""
    if wanted.url:
        yield given(wanted)
        return
    chosen, notice = choose(wanted.major)
    folder = Path(tempfile.mkdtemp(prefix="zdm-", dir=scratch_home()))
    try:
        programs.give(folder)
        initialise(chosen, folder / "data")
        with running(chosen, folder / "data", wanted, delete=folder) as server:
            yield _noted(server, notice)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _noted(server: Server, notice: str | None) -> Server:
    return Server(
        dsn=server.dsn,
        server_version=server.server_version,
        log_directory=server.log_directory,
        notice=notice,
        pid=server.pid,
        sockets=server.sockets,
    )


def scratch_home() -> str:
    """A folder for data directories that the server's user can reach, with a short path.

    ZDM_SCRATCH_DIR names one, for example in memory: a new database takes a tenth of the time.
    """
    named = os.environ.get(places.SCRATCH_VARIABLE)
    if named:
        return named
    return "/var/tmp" if programs.account() is not None else tempfile.gettempdir()


def given(wanted: Wanted) -> Server:
    """The user's own server; a major version that is not the wanted one is reported."""
    url = wanted.url or ""
    with connection.connect(url, name="provider") as conn:
        version = conn.info.server_version
    notice = None
    if wanted.major is not None and version // 10000 != wanted.major:
        notice = _mismatch(wanted.major, version // 10000)
    return Server(dsn=url, server_version=version, notice=notice)


def _mismatch(wanted: int, major: int) -> str:
    return (
        f"PostgreSQL {wanted} was wanted but only {major} is available here,"
        " so what differs between the two is not proved"
    )


def choose(major: int | None) -> tuple[Programs, str | None]:
    """The programs for a major version, or the nearest with a notice."""
    found = programs.installed()
    if not found:
        raise InputError(
            "no PostgreSQL server programs are on this machine, so no shadow can be started",
            hint="`pip install 'zdm-orchestrator[embedded]'`, install your distribution's"
            " postgresql package, or name a server in `shadow_url` of zdm.toml",
        )
    if major is None:
        return max(found, key=lambda item: item.major), None
    nearest = min(found, key=lambda item: (abs(item.major - major), -item.major))
    return nearest, None if nearest.major == major else _mismatch(major, nearest.major)


def initialise(chosen: Programs, data: Path) -> None:
    """Make a data directory: UTF-8, locale C.UTF-8 where there is one, a password of its own.

    Others on this machine reach loopback too, and a superuser runs programs as its server.
    """
    locale = "C.UTF-8" if chosen.major >= 15 else "C"
    command = [
        str(chosen.bin / "initdb"), "-D", str(data), "-U", "postgres",
        "-A", "scram-sha-256", f"--pwfile={_new_password(data)}",
        "-E", "UTF8", "--no-sync", "--no-instructions", f"--locale={locale}",
    ]  # fmt: skip
    for attempt in (command, [*command[:-1], "--locale=C"]):
        run = _as_server_user(attempt)
        if run.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise TemporaryError(
        f"initdb of {chosen.bin} failed: {run.stderr.strip().splitlines()[-1:]}",
        hint=f"run `{' '.join(command)}` to see why",
    )


def _password_file(data: Path) -> Path:
    return data.parent / "password"


def _new_password(data: Path) -> Path:
    """Make a password; the file with its hash, for initdb."""
    password = secrets.token_hex(16)
    _write_secret(_password_file(data), password)
    return _write_secret(data.parent / "password-hash", scram.hashed(password))


def _write_secret(path: Path, text: str) -> Path:
    """A file for the server's user and us only."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    programs.give(path)
    return path


def _as_server_user(command: list[str]) -> subprocess.CompletedProcess[str]:
    user = programs.account()
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=_environment(),
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )


def _environment() -> dict[str, str]:
    passed_on = {
        key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ
    }
    return {**passed_on, "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    chosen: Programs, data: Path, wanted: Wanted, *, delete: Path | None = None
) -> Iterator[Server]:
    """The server on a data directory, for this block."""
    process, watcher, server = _started(chosen, data, wanted, delete)
    try:
        yield server
    finally:
        _end(process)
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait()


def _started(
    chosen: Programs, data: Path, wanted: Wanted, delete: Path | None
) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes], Server]:
    """The server and its watcher, on a port that it got."""
    password = _password_file(data).read_text()
    for left in reversed(range(PORTS)):
        port = free_port()
        process = _spawned(chosen, data, wanted, port)
        watcher = _watch(process.pid, data, delete)
        dsn = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        try:
            version = _await(process, dsn, data)
        except BaseException as error:
            watcher.kill()  # it would delete the folder
            watcher.communicate()
            taken = process.poll() is not None and _is_taken(port)
            _end(process)
            if taken and left and isinstance(error, TemporaryError):
                continue
            raise
        log = data / "log"
        return (
            process,
            watcher,
            Server(
                dsn=dsn,
                server_version=version,
                log_directory=log,
                pid=process.pid,
                sockets=places.sockets(data.parent),
            ),
        )
    raise AssertionError("the last port's error is raised")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def _spawned(
    chosen: Programs, data: Path, wanted: Wanted, port: int
) -> subprocess.Popen[bytes]:
    settings = {
        **FAST,
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(places.sockets(data.parent) or ""),
        "log_statement": "all" if wanted.log_statements else "none",
        **dict(wanted.settings),
    }
    memory = limits.of_memory(wanted.limits)
    command = [*memory, str(chosen.bin / "postgres"), "-D", str(data)]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    user = programs.account()
    with (data.parent / "output.log").open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # smart shutdown is SIGTERM; the next one ends open sessions
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _watch(pid: int, data: Path, delete: Path | None) -> subprocess.Popen[bytes]:
    folder = "-" if delete is None else str(delete)
    return subprocess.Popen(
        [sys.executable, "-m", "zdm.postgres.server.reaper", str(pid), str(data), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )


def _await(process: subprocess.Popen[bytes], dsn: str, data: Path) -> int:
    versions: list[int] = []

    def has_answered_or_ended() -> bool:
        if process.poll() is not None:
            return True
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS) as conn,
        ):
            versions.append(conn.info.server_version)
        return bool(versions)

    wait_until(has_answered_or_ended, SystemClock(), within=START_PATIENCE, every=START_LOOK)
    if versions:
        return versions[0]
    lines = (data.parent / "output.log").read_text(errors="replace").strip().splitlines()[-3:]
    raise TemporaryError(
        f"the throwaway server did not start: {' / '.join(lines) or 'no output'}",
        hint=f"start it by hand to see why: {data}",
    )
