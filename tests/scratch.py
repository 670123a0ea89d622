"""Where the tests' servers keep their data: in memory where there is room, else on disk.

A new database takes 22 to 50 ms in memory and 240 to 450 ms on disk, and nearly every test of
a server makes one. The folder is the run's own: it goes with the run, and if that was killed,
with the next one.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from msgspec import structs

from zdm.model.sql import ident
from zdm.postgres.server import programs, provider
from zdm.postgres.server.places import SCRATCH_VARIABLE
from zdm.postgres.server.programs import Programs
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session.connection import Connection

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3  # of a run: up to twenty servers of 50 to 130 MB, and some of their own
PREFIX = "zdm-tests-"
LEAVING = 0.1  # seconds for a session to end after its client is gone


def has_room(home: Path) -> bool:
    """Whether a run fits in there, and into the machine's memory."""
    if not home.is_dir():
        return False
    return min(shutil.disk_usage(home).free, psutil.virtual_memory().available) > ROOM


def sweep(home: Path) -> None:
    """Delete what killed runs left."""
    for folder in home.glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(folder.name.removeprefix(PREFIX))):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def in_memory(home: Path = MEMORY) -> Iterator[None]:
    """Servers that start within the block have their data there, whoever starts them."""
    if SCRATCH_VARIABLE in os.environ or not has_room(home):
        yield
        return
    sweep(home)
    folder = home / f"{PREFIX}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)  # the servers may run as another user
    os.environ[SCRATCH_VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[SCRATCH_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def throwaway(wanted: Wanted) -> Iterator[Server]:
    """As the provider's, on a copy of one data directory of the run."""
    if wanted.url:
        with provider.throwaway(wanted) as server:
            yield server
        return
    chosen, notice = provider.choose(wanted.major)
    with (
        data_directory(chosen) as data,
        provider.running(chosen, data, wanted, delete=data.parent) as server,
    ):
        yield structs.replace(server, notice=notice)


@contextmanager
def data_directory(chosen: Programs) -> Iterator[Path]:
    """A data directory in a folder of its own, which goes with the block: a copy of the run's,
    where its folder is its own; initdb takes ten times as long."""
    home = Path(provider.scratch_home())
    folder = Path(tempfile.mkdtemp(prefix="zdm-", dir=home))
    try:
        programs.give(folder)
        if home.name.startswith(PREFIX):
            subprocess.run(["cp", "-a", f"{cluster(chosen, home)}/.", folder], check=True)
        else:
            provider.initialise(chosen, folder / "data")
        yield folder / "data"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cluster(chosen: Programs, home: Path) -> Path:
    """The folder of a data directory that was never used, made by the first worker that asks,
    and of its password."""
    made = home / f"cluster-{chosen.major}"
    with (home / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            new = home / f"{made.name}.new"
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            programs.give(new)
            provider.initialise(chosen, new / "data")
            new.rename(made)
    return made


def create(major: int, name: str, template: str) -> bytes:
    """CREATE DATABASE by copying files, which takes 5 ms where the log of each page takes 13;
    before PostgreSQL 15 there is no other way."""
    strategy = " STRATEGY file_copy" if major >= 15 else ""
    return f"CREATE DATABASE {ident(name)} TEMPLATE {ident(template)}{strategy}".encode()


def drop(conn: Connection, name: str) -> None:
    """Drop it when its sessions are gone, or after a moment whether they are or not: while one
    is there, PostgreSQL looks again every 100 ms only."""
    sessions = b"SELECT FROM pg_stat_activity WHERE datname = %s"
    end = time.monotonic() + LEAVING
    while conn.execute(sessions, [name]).fetchone() and time.monotonic() < end:
        time.sleep(0.002)
    conn.execute(f"DROP DATABASE {ident(name)} WITH (FORCE)".encode())
