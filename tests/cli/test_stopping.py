"""`zdm execute` stopped while PostgreSQL works for it: nothing runs on, nothing comes later.

A concurrent index build waits for a writer, without any timeout; that is the statement that
would run on longest after a careless end.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import case as cases
from zdm.model.plan import Plan
from zdm.postgres.journal import runs
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.workflows import plan_files

INDEX = cases.ROOT / "create_index/plain"
SECONDS = 60.0
NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child"]


@pytest.fixture
def plan(database: str, tmp_path: Path) -> Plan:
    """A concurrent index's plan, in a file of the folder."""
    made = cases.plan(INDEX, cases.prepare(database, INDEX))
    plan_files.write_plan(tmp_path / "plan.yaml", made)
    return made


@pytest.fixture
def writer(database: str, plan: Plan) -> Iterator[Connection]:
    """A transaction that has written to the table, and stays open."""
    lock = next(lock for step in plan.steps for lock in step.locks)
    with connection.connect(database, name="writer", autocommit=False, tuned=False) as conn:
        conn.execute(f"LOCK TABLE {lock.table.sql} IN ROW EXCLUSIVE MODE".encode())
        yield conn


@pytest.fixture
def look(database: str, writer: Connection) -> Iterator[Connection]:
    """A session to look with."""
    del writer
    with connection.connect(database, name="look", tuned=False) as conn:
        yield conn


@contextmanager
def execute(database: str, folder: Path, *before: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [*before, sys.executable, "-m", "zdm", "execute", "plan.yaml", "--assume-deployed"],
        cwd=folder,
        env={**os.environ, "ZDM_DATABASE_URL": database},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(look: Connection, query: str, wanted: Any) -> None:
    end = time.monotonic() + SECONDS
    while (row := look.execute(query.encode()).fetchone()) != (wanted,):
        assert time.monotonic() < end, f"{query}: {row}"
        time.sleep(0.05)


BUILDS = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'zdm-run:execute%'"
    " AND datname = current_database() AND state = 'active' AND query LIKE 'CREATE INDEX%'"
)
SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'zdm-run:execute%'"
    " AND datname = current_database()"
)
LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
VALID = (
    "SELECT count(*) FROM pg_index WHERE indisvalid AND NOT indisprimary"
    " AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
)


def can_be_process_1() -> bool:
    done = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("first", [False, True], ids=["a process", "process 1"])
def test_sigterm_cancels_the_statement_and_leaves_nothing(
    database: str, tmp_path: Path, look: Connection, writer: Connection, *, first: bool
) -> None:
    """As process 1, as in a container, the kernel drops signals that have no handler."""
    if first and not can_be_process_1():
        pytest.skip("this user may not make a process namespace")
    before = look.execute(VALID.encode()).fetchone()
    with execute(database, tmp_path, *(NAMESPACE if first else ())) as process:
        until(look, BUILDS, 1)
        pid = psutil.Process(process.pid).children()[0].pid if first else process.pid
        os.kill(pid, signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
        at_work = look.execute(f"{SESSIONS} AND state <> 'idle'".encode()).fetchone()
        until(look, SESSIONS, 0)  # each ends by itself, once its client is gone
        until(look, LOCKS, 0)
        run = runs.unfinished(look)
    writer.rollback()

    assert process.returncode == 75, said
    assert at_work == (0,)
    assert run is not None
    assert len(run.begun) == 1
    assert look.execute(VALID.encode()).fetchone() == before


def test_after_sigkill_the_backend_ends_and_nothing_is_applied_later(
    database: str, tmp_path: Path, look: Connection, writer: Connection
) -> None:
    before = look.execute(VALID.encode()).fetchone()
    with execute(database, tmp_path) as process:
        until(look, BUILDS, 1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=SECONDS)
        until(look, SESSIONS, 0)
        locks = look.execute(LOCKS.encode()).fetchone()
    writer.rollback()
    time.sleep(1)  # were the backend alive, it would build now

    assert locks == (0,)
    assert look.execute(VALID.encode()).fetchone() == before
    assert cases.run(database, plan_files.read_plan(tmp_path / "plan.yaml")) == "contracted"
