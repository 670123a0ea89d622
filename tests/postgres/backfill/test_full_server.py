"""A server that is full or read-only, really: disk, memory of locks, connections, a standby."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from msgspec.structs import replace

from tests import scratch
from tests.conftest import fresh_database
from tests.fakes.clock import SkippingClock
from tests.postgres.backfill.fills import begun, count, fill_request, step, table
from tests.postgres.backfill.replicas import replica
from zdm.backfill.pacing import Pacing
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.errors import RefusedError, StoppedError, TemporaryError
from zdm.execute.clock import SystemClock
from zdm.execute.events import BackfillMeasured, BackfillProgress
from zdm.execute.ports import ConnectionLostError, LockBusyError
from zdm.execute.stop import StopFlag
from zdm.postgres.backfill import engine
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.executor import Executor
from zdm.postgres.run.limits import Limits
from zdm.postgres.server import programs
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection, error_translation
from zdm.postgres.session.connection import Connection

QUICK = BackfillGates(poll=BackfillGates().poll / 20, blind="accept")


@pytest.fixture(scope="module")
def here() -> Iterator[Server]:
    """A server of the module's own."""
    with scratch.throwaway(Wanted()) as server:
        yield server


@pytest.fixture(scope="module")
def primary() -> Iterator[tuple[Server, Server]]:
    """Another one, with a hot standby."""
    with scratch.throwaway(Wanted()) as server, replica(server, "r2") as standby:
        yield server, standby


@contextmanager
def new_database(server: Server) -> Iterator[tuple[str, Connection]]:
    """Its URL, and a connection to it."""
    with (
        fresh_database(server) as url,
        connection.connect(url, name="execute/tests") as conn,
    ):
        yield url, conn


def is_filled(own: Connection) -> bool:
    return count(own, "new IS DISTINCT FROM upper(old)") == 0


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A file system of 1 MB, which the server may write to."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("file systems can be mounted by root only")
    try:
        programs.give(path)
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_a_full_disk_stops_at_once_and_with_more_room_the_rest_is_filled(here: Server) -> None:
    with new_database(here) as (_, own):
        assert here.log_directory is not None
        with small_disk(here.log_directory.parent.parent / "small") as disk:
            own.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
            table(own, "id int PRIMARY KEY", "g")
            own.execute("UPDATE t SET old = repeat(old, 20)")
            own.execute("VACUUM FULL t")
            own.execute("ALTER TABLE t SET TABLESPACE small")
            fence = begun(own)
            wanted = fill_request(
                own, fence, step(("id",)), settings=BackfillSettings(gates=QUICK)
            )
            with pytest.raises(psycopg.errors.DiskFull) as raised:
                list(engine.run(wanted))
            said = error_translation.translated("filling t", raised.value, tuple)
            batches = own.execute("SELECT sum(attempts)::int FROM zdm.backfill_range")
            tries = batches.fetchone()
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            list(engine.run(wanted))

            assert isinstance(said, StoppedError)
            assert said.message == "the server's disk is full while filling t"
            assert tries == (1,)  # it did not try again
            assert is_filled(own)
            own.execute("DROP TABLE t")
            own.execute("DROP TABLESPACE small")


class Hurried(SkippingClock):
    """A fiftieth of a rest is really waited, so that others see it."""

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        time.sleep(duration.total_seconds() / 50)


def test_a_server_whose_lock_table_is_full_is_waited_for() -> None:
    settings = (("max_locks_per_transaction", "10"), ("max_connections", "20"))
    wanted_server = Wanted(settings=settings)
    with (
        scratch.throwaway(wanted_server) as server,
        new_database(server) as (url, own),
    ):
        table(own, "id int PRIMARY KEY", "g")
        quick = fill_request(
            own, begun(own), step(("id",)), settings=BackfillSettings(gates=QUICK)
        )
        tuning = Tuning(report_every=timedelta(0))
        wanted = replace(quick, clock=Hurried(), tuning=tuning)
        own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.0005) IS NOT NULL) NOT VALID")
        filling = engine.run(wanted)
        next(filling)
        with psycopg.connect(url, autocommit=True, application_name="greedy") as greedy:
            with pytest.raises(psycopg.errors.OutOfMemory):
                greedy.execute(
                    "SELECT pg_advisory_lock(g) FROM generate_series(1, 100000) AS g"
                )
            waited = next(
                e.waiting for e in filling if isinstance(e, BackfillProgress) and e.waiting
            )
        measured = next(e for e in filling if isinstance(e, BackfillMeasured))

        assert waited == "out of shared memory"
        assert dict(measured.retries)["53200"] >= 1
        assert is_filled(own)


def test_a_lock_table_that_stays_full_ends_with_what_to_do() -> None:
    settings = (("max_locks_per_transaction", "10"), ("max_connections", "20"))
    with (
        scratch.throwaway(Wanted(settings=settings)) as server,
        new_database(server) as (url, own),
    ):
        table(own, "id int PRIMARY KEY", "g")
        gates = BackfillSettings(gates=QUICK)
        quick = fill_request(own, begun(own), step(("id",)), settings=gates)
        wanted = replace(quick, clock=Hurried(), tuning=Tuning(report_every=timedelta(0)))
        own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.0005) IS NOT NULL) NOT VALID")
        filling = engine.run(wanted)
        next(filling)
        with psycopg.connect(url, autocommit=True, application_name="greedy") as greedy:
            with pytest.raises(psycopg.errors.OutOfMemory):
                greedy.execute(
                    "SELECT pg_advisory_lock(g) FROM generate_series(1, 100000) AS g"
                )
            with pytest.raises(LockBusyError, match="failed 10 times in a row") as ended:
                list(filling)
            greedy.execute("SELECT pg_advisory_unlock_all()")  # ending it takes a moment
        list(engine.run(wanted))

        assert ended.value.message.endswith("out of shared memory")
        assert "raise max_locks_per_transaction" in ended.value.hint
        assert is_filled(own)


@contextmanager
def limited(server: Server, url: str, connections: int) -> Iterator[Connection]:
    """A connection of a role that may have so many besides it; it owns the database."""
    name = urlsplit(url).path[1:]
    with connection.connect(server.dsn, name="tests") as admin:
        admin.execute(
            f"CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT {connections + 1}".encode()
        )
        admin.execute("GRANT pg_monitor TO few")
        admin.execute(f"ALTER DATABASE {name} OWNER TO few".encode())
        try:
            with connection.connect(
                f"{url}?user=few&password=few", name="execute/tests"
            ) as own:
                yield own
        finally:
            admin.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER".encode())
            with connection.connect(url, name="tests") as there:
                there.execute("DROP OWNED BY few CASCADE")
            admin.execute("DROP ROLE few")


def of_few(own: Connection, workers: int) -> engine.FillRequest:
    """A job of the role that has few connections."""
    table(own, "id int PRIMARY KEY", "g", rows_of_it=25_000)
    settings = BackfillSettings(workers=workers, gates=QUICK)
    return fill_request(own, begun(own), step(("id",)), settings=settings)


def test_where_connections_are_short_fewer_workers_do(here: Server) -> None:
    with (
        new_database(here) as (url, _),
        limited(here, url, 4) as own,  # the engine, the gates, two workers
    ):
        events = list(engine.run(of_few(own, 4)))
        measured = next(e for e in events if isinstance(e, BackfillMeasured))

        assert any(
            note.startswith("continuing with 2 workers: ") and "too many connections" in note
            for note in measured.notes
        )
        assert is_filled(own)


def test_without_a_connection_for_any_worker_it_is_tried_again_later(here: Server) -> None:
    with (
        new_database(here) as (url, _),
        limited(here, url, 2) as own,  # the engine and the gates
    ):
        wanted = of_few(own, 1)
        with pytest.raises(LockBusyError, match="no worker of backfill-1 gets a connection"):
            list(engine.run(wanted))
        with connection.connect(here.dsn, name="tests") as admin:
            admin.execute("ALTER ROLE few CONNECTION LIMIT 20")
        list(engine.run(wanted))

        assert is_filled(own)


def test_too_many_connections_are_no_wrong_role(here: Server) -> None:
    with new_database(here) as (url, _), limited(here, url, 0) as own:
        with pytest.raises(TemporaryError, match=r"has no connection left: .*for role"):
            connection.connect(f"{url}?user=few&password=few", name="tests")

        assert own.execute("SELECT 1").fetchone() == (1,)


def test_a_database_that_became_read_only_is_left_and_gone_on_with_later(here: Server) -> None:
    with new_database(here) as (url, own):
        table(own, "id int PRIMARY KEY", "g")
        wanted = fill_request(
            own, begun(own), step(("id",)), settings=BackfillSettings(gates=QUICK)
        )
        name = urlsplit(url).path[1:]
        filling = iter(engine.run(wanted))
        own.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as raised:
            list(filling)
        own.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        list(engine.run(wanted))

        said = error_translation.translated("filling t", raised.value, tuple)
        assert isinstance(said, ConnectionLostError)
        assert is_filled(own)


def test_workers_that_reach_a_standby_change_nothing_and_the_primary_is_looked_for(
    primary: tuple[Server, Server],
) -> None:
    server, standby = primary
    with new_database(server) as (url, own):
        table(own, "id int PRIMARY KEY", "g")
        wanted = fill_request(
            own, begun(own), step(("id",)), settings=BackfillSettings(gates=QUICK)
        )
        there = urlsplit(standby.dsn)._replace(path=urlsplit(url).path).geturl()

        def connect(name: str) -> Connection:
            to = there if name.startswith("worker") else url
            return connection.connect(to, name=f"execute/tests/{name}")

        caught_up(own, standby.dsn)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as raised:
            list(engine.run(replace(wanted, connect=connect)))

        said = error_translation.translated("filling t", raised.value, tuple)
        assert isinstance(said, ConnectionLostError)
        assert count(own, "new IS NOT NULL") == 0


def caught_up(own: Connection, there: str) -> None:
    """Wait until the standby has what the primary has."""
    row = own.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
    with connection.connect(there, name="tests") as other:
        for _ in range(600):
            reached = other.execute(
                "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_sleep(0.05)", row
            ).fetchone()
            if reached is not None and reached[0]:
                return
    raise AssertionError("the standby does not follow")


def test_a_run_is_not_taken_up_on_a_standby(primary: tuple[Server, Server]) -> None:
    server, standby = primary
    with new_database(server) as (url, own):
        begun(own)
        there = urlsplit(standby.dsn)._replace(path=urlsplit(url).path).geturl()
        caught_up(own, standby.dsn)

        with pytest.raises(RefusedError, match="the server is a hot standby"):
            PostgresDatabase(there, SystemClock(), StopFlag(), Pacing.FULL)


def test_a_standby_that_is_met_after_a_loss_is_waited_for(
    primary: tuple[Server, Server],
) -> None:
    server, standby = primary
    with new_database(server) as (url, own):
        caught_up(own, standby.dsn)
        made = Executor(url, StopFlag(), Limits())
        try:
            made.url = urlsplit(standby.dsn)._replace(path=urlsplit(url).path).geturl()
            with pytest.raises(ConnectionLostError, match="the server is a hot standby"):
                made.reconnect(print)
        finally:
            made.close()
