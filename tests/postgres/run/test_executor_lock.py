"""Executors as processes: two at once, one that is dead, one that wakes up after its lease.

Each is `zdm execute` in a process of its own, on a plan whose second step is held up by a
session that holds the table, so that there is time to do something to it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests import case as cases
from tests.executing import executor, holding, until
from tests.unit import plans
from tests.waiting import PATIENCE, until_true
from zdm.backfill.pacing import Pacing
from zdm.execute import executors
from zdm.execute.clock import SystemClock
from zdm.execute.ports import LockBusyError, PlanText
from zdm.execute.stop import StopFlag
from zdm.postgres.run import executor_lock
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.executor_lock import Claimant
from zdm.postgres.run.limits import Limits
from zdm.postgres.session import connection, identity
from zdm.serialize import plan_file

RENAME = cases.ROOT / "rename_column/plain"
SETTINGS = """
[rollout]
polls = 1
poll_interval = "10ms"
sessions = "warn"
revert_window = "0s"

[execute]
lock_deadline = "{deadline}"
"""
EXECUTORS = (
    "FROM pg_stat_activity WHERE application_name LIKE 'zdm-run:execute%'"
    " AND datname = current_database()"
)


@pytest.fixture
def folder(database: str, tmp_path: Path) -> Path:
    """A folder with settings and the rename's plan, on a database at its start."""
    plan = cases.plan(RENAME, cases.prepare(database, RENAME))
    (tmp_path / "plan.yaml").write_text(plan_file.dumps(plan))
    (tmp_path / cases.FILE).write_bytes((RENAME / cases.FILE).read_bytes())
    (tmp_path / "zdm.toml").write_text(SETTINGS.format(deadline="10m"))
    return tmp_path


def scalar(url: str, query: str) -> object:
    with connection.connect(url, name="tests") as conn:
        row = conn.execute(query.encode()).fetchone()
        return None if row is None else row[0]


def is_contracted(url: str) -> bool:
    columns = {c.name for t in cases.read(url).tables for c in t.columns}
    return "email" not in columns and scalar(
        url, "SELECT count(*) FROM zdm.run WHERE state = 'contracted'"
    ) == scalar(url, "SELECT count(*) FROM zdm.run")


def test_two_executors_at_once_one_acts_and_the_other_exits_75(
    folder: Path, database: str
) -> None:
    with holding(database), executor(folder, database) as first:
        until(first, "waiting", gate="lock")
        (folder / "zdm.toml").write_text(SETTINGS.format(deadline="5s"))
        with executor(folder, database) as second:
            said = until(second, "waiting", gate="lock holder")
            code = second.wait(timeout=PATIENCE)

        assert f"process {first.pid} on " in str(said["reason"])
        assert code == 75
        assert first.poll() is None
    assert scalar(database, "SELECT max(epoch) FROM zdm.run") == 1


def dead_name() -> str:
    """The name of an executor on this machine whose process is gone."""
    child = os.fork()
    if child == 0:
        signal.pause()
    start = identity.process_start(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    own = identity.process_start(os.getpid())
    return identity.new_name().replace(f"/{os.getpid()}/", f"/{child}/").replace(own, start)


NOBODY = Claimant(name="", ending=timedelta(seconds=30))
# with a backend that is slow to end; executors in processes of their own try again
PATIENT = Limits(ending=timedelta(seconds=30))


@contextmanager
def opened(url: str) -> Iterator[PostgresDatabase]:
    with closing(
        PostgresDatabase(url, SystemClock(), StopFlag(), Pacing.FULL, PATIENT)
    ) as made:
        yield made


@pytest.mark.parametrize("at_work", ["SELECT 1", "SELECT pg_advisory_lock(42)"])
def test_what_a_dead_executor_left_running_is_ended_first(database: str, at_work: str) -> None:
    """Nobody waits for `client_connection_check_interval` to notice, which may be off."""
    ended: list[str] = []
    with (
        connection.connect(database, name=dead_name(), autocommit=False) as dead,
        opened(database) as made,
    ):
        dead.execute(at_work)
        made.claim(ended.append)

        assert [who.startswith("process ") for who in ended] == [True]
        with pytest.raises(psycopg.OperationalError):
            dead.execute("SELECT 1")


def test_what_was_ended_is_reported_and_recorded_while_another_is_still_waited_for(
    database: str,
) -> None:
    ended: list[str] = []
    name = dead_name()
    with (
        connection.connect(database, name=name, autocommit=False) as dead,
        connection.connect(database, name="execute/elsewhere", autocommit=False) as other,
        opened(database) as made,
    ):
        dead.execute("SELECT 1")
        other.execute("SELECT 1")
        with pytest.raises(LockBusyError, match="is still running: zdm-run:execute/elsewhere"):
            made.claim(ended.append)
        dead.close()
        other.rollback()
        made.claim(ended.append)
        made.journal.begin(PlanText(plan=plans.plan(), text="p", digest="d"))

    assert [who.startswith(executors.described(f"zdm-run:{name}")) for who in ended] == [True]
    assert scalar(database, "SELECT array_agg(what) FROM zdm.act") == [
        f"ended {ended[0]}: its executor is gone"
    ]


def test_the_lock_of_a_dead_executor_is_free_for_the_next(database: str) -> None:
    ended: list[str] = []
    name = dead_name()
    with connection.connect(database, name=name) as dead, opened(database) as made:
        executor_lock.claim(dead, ended.append, NOBODY)
        made.claim(ended.append)

    assert [who.startswith(executors.described(f"zdm-run:{name}")) for who in ended] == [True]


def test_an_executors_own_former_session_is_ended_when_it_connects_again(
    database: str,
) -> None:
    """As after a cut network: the server still believes in the old connection."""
    ended: list[str] = []
    with connection.connect(database, name="look") as look, opened(database) as made:
        made.claim(print)
        name = str(scalar(database, f"SELECT application_name {EXECUTORS}"))
        made.close()
        until_true(look, f"SELECT count(*) = 0 {EXECUTORS}")
        with connection.connect(database, name=name.removeprefix("zdm-run:")) as former:
            executor_lock.claim(former, ended.append, NOBODY)
            made.reconnect(ended.append)

    assert [who.startswith(executors.described(name)) for who in ended] == [True]


def test_a_live_executor_is_taken_over_on_the_operators_word_only(
    folder: Path, database: str
) -> None:
    with holding(database), executor(folder, database) as first:
        until(first, "waiting", gate="lock")
        first.send_signal(signal.SIGSTOP)
        with executor(folder, database, "--take-over") as second:
            ended = until(second, "session_ended")
            until(second, "waiting", gate="lock")

            assert f"process {first.pid} on " in str(ended["who"])
            assert scalar(database, "SELECT max(epoch) FROM zdm.run") == 2
            assert "its executor is gone" in str(scalar(database, "SELECT what FROM zdm.act"))


def test_a_zombie_that_wakes_up_after_its_lease_was_taken_writes_nothing(
    folder: Path, database: str
) -> None:
    with executor(folder, database) as zombie:
        with holding(database):
            until(zombie, "waiting", gate="lock")
            zombie.send_signal(signal.SIGSTOP)
            scalar(database, f"SELECT count(pg_terminate_backend(pid, 60000)) {EXECUTORS}")
        with executor(folder, database) as second:
            code = second.wait(timeout=PATIENCE)
        before = scalar(database, "SELECT array_agg(r::text) FROM zdm.run AS r")
        steps = scalar(database, "SELECT array_agg(s::text) FROM zdm.step AS s")
        zombie.send_signal(signal.SIGCONT)
        zombie_code = zombie.wait(timeout=PATIENCE)
        said = zombie.communicate()[1]

    assert code == 0
    assert zombie_code == 3, said
    assert "has taken this run over" in said
    assert scalar(database, "SELECT array_agg(r::text) FROM zdm.run AS r") == before
    assert scalar(database, "SELECT array_agg(s::text) FROM zdm.step AS s") == steps
    assert is_contracted(database)


def test_a_zombie_that_wakes_up_while_another_works_waits_and_stops(
    folder: Path, database: str
) -> None:
    with executor(folder, database) as zombie, holding(database):
        until(zombie, "waiting", gate="lock")
        zombie.send_signal(signal.SIGSTOP)
        scalar(database, f"SELECT count(pg_terminate_backend(pid, 60000)) {EXECUTORS}")
        with executor(folder, database) as second:
            until(second, "waiting", gate="lock")
            zombie.send_signal(signal.SIGCONT)
            said = until(zombie, "waiting", gate="connection")

            assert f"process {second.pid} on " in str(said["reason"])
            assert second.poll() is None


def test_a_name_tells_the_dead_from_the_living() -> None:
    dead = dead_name()

    assert identity.is_dead(dead)
    assert identity.is_dead(f"zdm-run:{identity.named(dead, 'worker-1')}")
    assert not identity.is_dead(identity.new_name())
    assert not identity.is_dead(dead.replace(identity.machine(), "abcdef"))
    assert not identity.is_dead("execute/some-other-name")


def test_a_killed_process_that_nobody_reaped_is_dead() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
    before = identity.process_start(child)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    after = identity.process_start(child)
    os.waitpid(child, 0)

    assert before != after


def test_a_workers_name_fits_and_is_its_executors() -> None:
    name = identity.new_name()
    worker = f"zdm-run:{identity.named(name, 'worker-1')}"

    assert len(worker) <= 63
    assert identity.is_same(worker, f"zdm-run:{name}")
    assert not identity.is_same(worker, f"zdm-run:{identity.new_name()}")
    assert not identity.is_same("psql", "psql")
