"""A real streaming replica of a throwaway server, made from a copy of its data directory."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from zdm.postgres.server import programs, provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection


@contextmanager
def replica(primary: Server, name: str) -> Iterator[Server]:
    """A hot standby of the primary, under that application name, for this block."""
    assert primary.log_directory is not None
    source = primary.log_directory.parent
    folder = Path(tempfile.mkdtemp(prefix="zdm-", dir=provider.scratch_home()))
    try:
        programs.give(folder)
        _copy(primary, source, folder / "data")
        shutil.copy(source.parent / "password", folder / "password")
        for path in (folder, *folder.rglob("*")):
            programs.give(path)
        chosen, _ = provider.choose(primary.major)
        url = urlsplit(primary.dsn)
        conninfo = (
            f"host={url.hostname} port={url.port} user={url.username}"
            f" password={url.password} application_name={name}"
        )
        wanted = Wanted(settings=(("primary_conninfo", conninfo),))
        with provider.running(chosen, folder / "data", wanted, delete=folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(primary: Server, source: Path, target: Path) -> None:
    old = primary.major < 15
    start = "pg_start_backup('copy', true, false)" if old else "pg_backup_start('copy', true)"
    stop = "pg_stop_backup(false)" if old else "pg_backup_stop()"
    with connection.connect(primary.dsn, name="backup") as conn:
        conn.execute(f"SELECT {start}".encode())
        ignored = shutil.ignore_patterns("postmaster.*", "log", "pgsql_tmp*")
        shutil.copytree(source, target, ignore=ignored)
        conn.execute(f"SELECT {stop}".encode())
    (target / "standby.signal").touch()
    target.chmod(0o700)
