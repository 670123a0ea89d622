"""A real PgBouncer in front of a real server; it takes no root, so it runs as nobody."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.controlplane.cluster import free_ports

SECONDS = 60.0  # to listen
SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
pool_mode = {mode}
auth_type = trust
auth_file = {folder}/users.txt
logfile = {folder}/log
pidfile = {folder}/pid
ignore_startup_parameters = extra_float_digits
default_pool_size = 4
"""


@contextmanager
def in_front_of(url: str, mode: str) -> Iterator[str]:
    """The URL of the same database through a pooler in that mode."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("pgbouncer is not installed")
        pytest.skip("pgbouncer is not installed (`apt-get install pgbouncer`)")
    parts = urlsplit(url)
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        [own] = free_ports(1)
        _write(Path(folder), url, SETTINGS, own=own, mode=mode)
        as_root = os.geteuid() == 0
        if as_root:
            shutil.chown(folder, "nobody")
        with subprocess.Popen(
            [program, "--quiet", f"{folder}/settings.ini"],
            user="nobody" if as_root else None,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _until_it_listens(own, Path(folder) / "log")
                yield parts._replace(netloc=f"{parts.username}@127.0.0.1:{own}").geturl()
            finally:
                process.terminate()


def _write(folder: Path, url: str, text: str, *, own: int, mode: str) -> None:
    parts = urlsplit(url)
    (folder / "users.txt").write_text(f'"{parts.username}" "{parts.password or ""}"\n')
    (folder / "settings.ini").write_text(
        text.format(host=parts.hostname, port=parts.port, own=own, mode=mode, folder=folder)
    )
    for file in folder.iterdir():
        file.chmod(0o644)


def _until_it_listens(port: int, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text() if log.exists() else "pgbouncer did not start")
