"""`zdm execute` in a process of its own, and what holds it up while a test acts on it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zdm.postgres.session import connection


@contextmanager
def executor(folder: Path, url: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`zdm execute`, which ends with the block."""
    command = [sys.executable, "-m", "zdm", "execute", "plan.yaml", "--assume-deployed"]
    process = subprocess.Popen(
        [*command, "--json", "--database", url, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.send_signal(signal.SIGCONT)
        process.communicate()


def until(process: subprocess.Popen[str], event: str, **details: str) -> dict[str, object]:
    """Read its events up to that one."""
    assert process.stdout is not None
    for line in process.stdout:
        said: dict[str, object] = json.loads(line)
        if said["event"] == event and details.items() <= said.items():
            return said
    raise AssertionError(f"it ended without {event}: {process.communicate()[1]}")


@contextmanager
def holding(url: str) -> Iterator[None]:
    """Somebody reads the table in a transaction that does not end."""
    with connection.connect(url, name="report", autocommit=False, tuned=False) as conn:
        conn.execute("SELECT count(*) FROM users")
        time.sleep(1.1)
        yield
        conn.rollback()
