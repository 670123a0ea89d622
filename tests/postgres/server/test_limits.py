"""A migration that loops, or fills disk or memory, ends with a reason."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import errors

from zdm.errors import RefusedError, TemporaryError
from zdm.postgres.server import shadow
from zdm.postgres.server.limits import Limits
from zdm.postgres.server.places import SCRATCH_VARIABLE
from zdm.postgres.server.provider import Wanted
from zdm.postgres.session import connection

GROWS = (
    "CREATE TABLE t (a text);"
    "INSERT INTO t SELECT repeat(md5(g::text), 60) FROM generate_series(1, 100000000) AS g"
)


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slots of servers that no other test uses."""
    folder = tmp_path_factory.mktemp("s")
    top = Path(tempfile.gettempdir())
    for place in (folder, *folder.parents):
        if place != top and place.is_relative_to(top):
            place.chmod(0o755)
    monkeypatch.setenv(SCRATCH_VARIABLE, str(folder))
    return folder


def slots(scratch: Path) -> Iterator[Path]:
    return (scratch / "shadow").glob("*/*/data")


@contextmanager
def author(limits: Limits) -> Iterator[connection.Connection]:
    with (
        shadow.open(Wanted(limits=limits)) as server,
        shadow.database(server) as dsn,
        connection.connect(dsn, name="tests") as conn,
    ):
        yield conn


def run(sql: str, limits: Limits) -> None:
    """As the author's role; psycopg's error is that of a lost server, as in a replay."""
    with author(limits) as conn, connection.translated("replaying"):
        conn.execute(sql.encode())


def test_a_migration_without_end_is_stopped(scratch: Path) -> None:
    with pytest.raises(RefusedError, match="the migration ran for more than 2s on the thr"):
        run("SELECT pg_sleep(600)", Limits(time=timedelta(seconds=2)))

    assert list(slots(scratch)) == []


def test_a_migration_that_fills_the_disk_is_stopped(scratch: Path) -> None:
    with pytest.raises(RefusedError, match=r"the migration used more than 300 MB of disk on"):
        run(GROWS, Limits(disk=300_000_000))

    assert list(slots(scratch)) == []


@pytest.mark.usefixtures("scratch")
def test_a_migration_that_wants_too_much_memory_fails() -> None:
    """The server goes on: it is one statement's error."""
    with author(Limits(memory=700_000_000)) as conn:
        with pytest.raises(errors.OutOfMemory):
            conn.execute("SELECT array_agg(repeat('x', 1000)) FROM generate_series(1, 1000000)")

        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.usefixtures("scratch")
def test_an_author_cannot_raise_the_limit_of_temporary_files() -> None:
    with author(Limits()) as conn, pytest.raises(errors.InsufficientPrivilege):
        conn.execute("SET temp_file_limit = -1")


def test_the_next_use_finds_a_new_server(scratch: Path) -> None:
    with pytest.raises(RefusedError):
        run("SELECT pg_sleep(600)", Limits(time=timedelta(seconds=1)))
    run("SELECT 1", Limits())

    assert len(list(slots(scratch))) == 1


@pytest.mark.usefixtures("scratch")
def test_a_server_that_is_lost_for_another_reason_is_temporary() -> None:
    with (
        pytest.raises(TemporaryError),
        author(Limits()) as conn,
        connection.translated("replaying"),
    ):
        conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
