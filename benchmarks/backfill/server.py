"""The server that is measured: settings as in production, and fresh copies of databases."""

import contextlib
import os
import platform
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from zdm.postgres.server import provider
from zdm.postgres.server.provider import Server, Wanted

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",  # no checkpoint but the one before each engine
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "1min",
    "jit": "on",
}
SHOWN = (*SETTINGS, "wal_level", "wal_compression", "autovacuum", "work_mem", "data_checksums")


@contextlib.contextmanager
def running(major: int | None) -> Iterator[Server]:
    """A server of that major version, or of the nearest there is."""
    with provider.throwaway(Wanted(major=major, settings=tuple(SETTINGS.items()))) as server:
        _usual_password(server)
        yield server


def _usual_password(server: Server) -> None:
    """Store it with the usual number of iterations: pgroll's driver refuses a single one."""
    parts = urlsplit(server.dsn)
    with connect(server.dsn) as conn:
        if server.major >= 16:
            conn.execute("SET scram_iterations = 4096")
        user, password = sql.Identifier(parts.username or ""), sql.Literal(parts.password)
        conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(user, password))


def connect(url: str, name: str = "bench") -> psycopg.Connection[tuple[Any, ...]]:
    """A connection that commits each statement."""
    return psycopg.connect(url, autocommit=True, application_name=name)


def at(server: Server, database: str) -> str:
    """The URL of a database."""
    return urlsplit(server.dsn)._replace(path=f"/{database}").geturl()


def create(server: Server, name: str, template: str = "template0") -> str:
    """A new database, copied file by file, and a checkpoint after it; its URL."""
    strategy = " STRATEGY file_copy" if server.major >= 15 else ""
    with connect(server.dsn) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}{strategy}".encode())
        conn.execute("CHECKPOINT")
    return at(server, name)


@contextlib.contextmanager
def copy(server: Server, template: str) -> Iterator[str]:
    """The URL of a fresh copy, for this block."""
    name = f"copy_{uuid.uuid4().hex[:8]}"
    try:
        yield create(server, name, template)
    finally:
        with connect(server.dsn) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def facts(server: Server) -> dict[str, Any]:
    """What a reader must know of machine and server."""
    with connect(server.dsn) as conn:
        version = conn.execute("SHOW server_version").fetchone()
        settings = {
            name: str(row[0])
            for name in SHOWN
            if (row := conn.execute(f"SHOW {name}".encode()).fetchone()) is not None
        }
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "cpu": _cpu(),
        "python": platform.python_version(),
        "postgresql": str(version[0]) if version else "",
        "settings": settings,
        "commit": _commit(),
    }


def _commit() -> str:
    """What is measured; `+` where the code differs from it."""

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )

    changed = git("diff", "--quiet", "HEAD", "--", "zdm", "benchmarks/backfill").returncode
    return git("rev-parse", "--short", "HEAD").stdout.strip() + ("+" if changed else "")


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
