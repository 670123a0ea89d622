"""A backfill holds on a server in trouble, says why, and goes on: each trouble a real one."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from tests import scratch
from tests.conftest import fresh_database
from tests.postgres.backfill.fills import ROWS, begun, count, fill_request, step, table
from tests.postgres.backfill.replicas import replica
from zdm.backfill.gates import Reading
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.errors import StoppedError
from zdm.execute.clock import SystemClock
from zdm.execute.events import (
    BackfillEvent,
    BackfillMeasured,
    BackfillProgress,
    Hold,
    Suspicious,
)
from zdm.model.plan import Backfill
from zdm.postgres.backfill import engine, gate_poller
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.backfill.gate_queries import Look
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

SOON = timedelta(milliseconds=50)
QUICK = BackfillGates(poll=SOON, queue=timedelta(0))
DEADLINE = 60.0


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


@pytest.fixture(scope="module")
def replicated() -> Iterator[tuple[Server, Server]]:
    """A server with a hot standby `r2`."""
    with scratch.throwaway(Wanted()) as server, replica(server, "r2") as standby:
        yield server, standby


@pytest.fixture(scope="module")
def archiving() -> Iterator[Server]:
    """A server that archives WAL while there is room."""
    settings = (("archive_mode", "on"), ("archive_command", "test -e room"))
    with scratch.throwaway(Wanted(settings=settings)) as server:
        yield server


@contextmanager
def new_database(server: Server) -> Iterator[Connection]:
    """A connection to it."""
    with (
        fresh_database(server) as url,
        connection.connect(url, name="execute/tests") as conn,
    ):
        yield conn


def room_of(server: Server) -> Path:
    """The file without which nothing is archived."""
    assert server.log_directory is not None
    return server.log_directory.parent / "room"


def ready(own: Connection, gates: BackfillGates, wanted: Backfill | None = None) -> FillRequest:
    """A job on a small table that is there."""
    if count_of_tables(own) == 0:
        table(own, "id int PRIMARY KEY", "g")
    wanted = wanted or step(("id",))
    return fill_request(own, begun(own), wanted, settings=BackfillSettings(gates=gates))


def count_of_tables(own: Connection) -> int:
    row = own.execute("SELECT count(*) FROM pg_class WHERE oid = to_regclass('t')").fetchone()
    assert row is not None
    return int(row[0])


def held(wanted: FillRequest, gate: str, relieve: Callable[[], object]) -> Hold:
    """Run it; once it holds at the gate, relieve the server; the hold that was seen."""
    seen: list[Hold] = []
    events: list[BackfillEvent] = []
    deadline = time.monotonic() + DEADLINE
    for event in engine.run(wanted):
        events.append(event)
        assert time.monotonic() < deadline, events[-1]
        if isinstance(event, BackfillProgress) and not seen:
            seen += [hold for hold in event.holds if hold.gate == gate]
            if seen:
                assert seen[0].reason in event.waiting
                relieve()
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert seen, "it never held"
    assert dict(measured.held)[gate] > timedelta(0)
    return seen[0]


def is_filled(own: Connection) -> bool:
    return count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_a_replica_that_stands_still_is_waited_for_by_name(
    replicated: tuple[Server, Server],
) -> None:
    server, standby = replicated
    with new_database(server) as own:
        gates = replace(QUICK, replica_mb=1, replica_lag=timedelta(hours=1))
        wanted = ready(own, gates)
        with connection.connect(standby.dsn, name="tests") as there:
            there.execute("SELECT pg_wal_replay_pause()")
            own.execute("CREATE TABLE wal AS SELECT g FROM generate_series(1, 50000) AS g")
            hold = held(
                wanted,
                "replica bytes",
                lambda: there.execute("SELECT pg_wal_replay_resume()"),
            )

        assert is_filled(own)
        assert hold.value is not None
        assert 1 < hold.value < 50
        assert hold.reason.startswith("replica r2 is ")


def test_the_time_of_a_replica_that_stands_still_grows(
    replicated: tuple[Server, Server],
) -> None:
    server, standby = replicated
    with new_database(server) as own:
        gates = replace(QUICK, replica_lag=timedelta(seconds=1))
        wanted = ready(own, gates)
        own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.001) IS NOT NULL) NOT VALID")
        with connection.connect(standby.dsn, name="tests") as there:
            there.execute("SELECT pg_wal_replay_pause()")
            hold = held(
                wanted, "replica lag", lambda: there.execute("SELECT pg_wal_replay_resume()")
            )

        assert is_filled(own)
        assert "replica r2 is " in hold.reason


def test_a_standby_that_is_expected_and_not_connected_holds(own: Connection) -> None:
    wanted = ready(own, replace(QUICK, standbys=("r9",)))
    first = next(iter(engine.run(wanted)))

    assert isinstance(first, BackfillProgress)
    assert first.scanned == 0
    assert "standby r9 is not connected" in first.waiting


def test_a_slot_that_keeps_too_much_wal_is_waited_for(
    replicated: tuple[Server, Server],
) -> None:
    server, _ = replicated
    with new_database(server) as own:
        wanted = ready(own, replace(QUICK, slot_mb=1))
        own.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
        own.execute("CREATE TABLE wal AS SELECT g FROM generate_series(1, 50000) AS g")
        drop = "SELECT pg_drop_replication_slot('forgotten')"
        hold = held(wanted, "slot", lambda: own.execute(drop.encode()))

        assert is_filled(own)
        assert hold.reason.startswith("slot forgotten retains ")


def make_room(own: Connection, room: Path) -> None:
    """Wake the archiver too: after three failures it sleeps for a minute."""
    room.touch()
    own.execute("SELECT pg_logical_emit_message(false, 'tests', 'a segment is not empty')")
    own.execute("SELECT pg_switch_wal()")


def test_an_archive_without_room_is_waited_for(archiving: Server) -> None:
    room = room_of(archiving)
    room.unlink(missing_ok=True)
    with new_database(archiving) as own:
        wanted = ready(own, QUICK)
        own.execute("SELECT pg_stat_reset_shared('archiver'), pg_switch_wal()")
        wait_for(own, "SELECT last_failed_time IS NOT NULL FROM pg_stat_archiver")
        hold = held(wanted, "archive failing", lambda: make_room(own, room))

        assert is_filled(own)
        assert hold.reason.startswith("archiving fails at WAL segment 0000")


def test_wal_segments_that_wait_for_the_archive_are_counted(archiving: Server) -> None:
    room = room_of(archiving)
    room.touch()
    with new_database(archiving) as own:
        wanted = ready(own, replace(QUICK, archive_segments=1))
        own.execute("SELECT pg_stat_reset_shared('archiver'), pg_switch_wal()")
        wait_for(own, "SELECT last_archived_wal IS NOT NULL FROM pg_stat_archiver")
        room.unlink()
        for number in range(3):
            own.execute(f"CREATE TABLE segment{number} (a int)".encode())
            own.execute("SELECT pg_switch_wal()")
        hold = held(wanted, "archive", lambda: make_room(own, room))

        assert is_filled(own)
        assert hold.value is not None
        assert hold.value >= 2


def test_a_long_transaction_over_many_dead_rows_is_named(
    own: Connection, database: str
) -> None:
    gates = replace(QUICK, xmin_age=timedelta(milliseconds=100))
    wanted = ready(own, gates)
    with psycopg.connect(database, application_name="report") as report:
        report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM t")
        own.execute("UPDATE t SET old = old")
        wait_for(own, "SELECT n_dead_tup > 1000 FROM pg_stat_all_tables WHERE relname = 't'")
        hold = held(wanted, "dead rows", report.rollback)

    assert is_filled(own)
    assert "% of the rows are dead" in hold.reason
    assert "report (pid " in hold.reason


def test_an_old_transaction_alone_is_warned_of_once_by_name_and_not_held_for(
    own: Connection, database: str
) -> None:
    gates = replace(QUICK, xmin_age=timedelta(milliseconds=100), dead_percent=100)
    wanted = ready(own, gates)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.0002) IS NOT NULL) NOT VALID")
    with psycopg.connect(database, application_name="report") as report:
        report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM t")
        time.sleep(0.2)
        events = list(engine.run(wanted))
    said = [event.reason for event in events if isinstance(event, Suspicious)]
    held = [e.holds for e in events if isinstance(e, BackfillProgress) and e.holds]

    assert len(said) == 1
    assert said[0].startswith("report (pid ")
    assert "has kept VACUUM from cleaning up for " in said[0]
    assert not held
    assert is_filled(own)


def test_a_vacuum_of_the_table_is_waited_for(own: Connection, database: str) -> None:
    wanted = ready(own, QUICK)
    own.execute("UPDATE t SET old = old")
    with (
        psycopg.connect(database, autocommit=True, application_name="dba") as dba,
        in_thread(lambda: slow_vacuum(dba)),
    ):
        pid = dba.info.backend_pid
        wait_for(own, f"SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE pid = {pid}")
        hold = held(wanted, "vacuum", dba.cancel_safe)

    assert is_filled(own)
    assert hold.reason.startswith(f"a vacuum (pid {pid}, ")


def slow_vacuum(dba: psycopg.Connection) -> None:
    dba.execute("SET vacuum_cost_delay = '100ms'; SET vacuum_cost_limit = 1")
    with pytest.raises(psycopg.errors.QueryCanceled):
        dba.execute("VACUUM t")


def test_a_queue_on_the_table_is_let_through(own: Connection, database: str) -> None:
    wanted = ready(own, QUICK)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.001) IS NOT NULL) NOT VALID")
    filling = engine.run(wanted)
    seen: list[Hold] = []
    with (
        psycopg.connect(database, application_name="reader") as reader,
        psycopg.connect(database, autocommit=True, application_name="other tool") as other,
    ):
        reader.execute("SELECT count(*) FROM t")
        next(filling)
        with in_thread(lambda: other.execute("ALTER TABLE t ADD COLUMN theirs int")):
            for event in filling:
                if isinstance(event, BackfillProgress) and not seen:
                    seen = [hold for hold in event.holds if hold.gate == "queue"]
                    if seen:
                        reader.rollback()

    assert is_filled(own)
    assert seen[0].reason.startswith("other tool (pid ")
    assert "waits for AccessExclusiveLock of the table" in seen[0].reason


def test_a_batch_that_others_wait_for_is_cancelled(own: Connection, database: str) -> None:
    tuning = Tuning(report_every=timedelta(0))  # it is short
    wanted = replace(ready(own, QUICK), tuning=tuning)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.004) IS NOT NULL) NOT VALID")  # 4 s
    written: list[str] = []

    def write() -> None:
        with psycopg.connect(database, autocommit=True, application_name="app") as app:
            app.execute("SET session_replication_role = replica")
            app.execute("UPDATE t SET old = 'theirs' WHERE id = 1")
            written.append("theirs")

    filling = engine.run(wanted)
    next(filling)
    locked = "SELECT count(*) = 0 FROM (SELECT FROM t WHERE id = 1 FOR UPDATE SKIP LOCKED) AS r"
    wait_for(own, locked)  # the batch holds the row that is written now
    with in_thread(write), closing(filling):  # type: ignore[type-var]  # it is a generator
        measured = next(e for e in filling if isinstance(e, BackfillMeasured))

    assert written
    assert dict(measured.held)["waiting for us"] > timedelta(0)
    assert dict(measured.retries)["57014"] >= 1
    assert is_filled(own)


def test_a_query_of_the_operators_own_is_a_gate(own: Connection) -> None:
    own.execute("CREATE TABLE load AS SELECT 90 AS percent")
    gates = replace(QUICK, sql="SELECT percent FROM load", sql_above=80.0, sql_resume=50.0)
    hold = held(ready(own, gates), "sql", lambda: own.execute("UPDATE load SET percent = 50"))

    assert is_filled(own)
    assert (hold.value, hold.limit) == (90.0, 80.0)
    assert hold.reason == "the query gives 90 (limit 80)"


def test_a_query_that_writes_is_no_gate(own: Connection) -> None:
    own.execute("CREATE TABLE load AS SELECT 90 AS percent")
    gates = replace(
        QUICK,
        sql="DELETE FROM load RETURNING percent",
        sql_above=80.0,
        probe_unreadable="hold",
    )
    first = next(iter(engine.run(ready(own, gates))))

    assert isinstance(first, BackfillProgress)
    assert "read-only transaction" in first.waiting
    assert own.execute("SELECT count(*) FROM load").fetchone() == (1,)


class Prometheus(BaseHTTPRequestHandler):
    """Answers every query with one sample."""

    value = "0.5"
    status = 200

    def do_GET(self) -> None:
        sample = {"metric": {}, "value": [0, self.value]}
        data = {"resultType": "vector", "result": [sample]}
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def prometheus() -> Iterator[tuple[str, type[Prometheus]]]:
    handler = type("Own", (Prometheus,), {})
    with HTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}", handler
        web.shutdown()
        thread.join()


def asking(url: str) -> BackfillGates:
    return replace(QUICK, prometheus=url, prometheus_query="p99", prometheus_above=0.3)


def test_prometheus_is_a_gate(
    own: Connection, prometheus: tuple[str, type[Prometheus]]
) -> None:
    url, answers = prometheus
    hold = held(ready(own, asking(url)), "prometheus", lambda: setattr(answers, "value", "0.2"))

    assert is_filled(own)
    assert hold.reason == "Prometheus gives 0.5 (limit 0.3)"


@pytest.mark.parametrize(("status", "value"), [(500, "0.1"), (200, "NaN"), (200, "x")])
def test_a_prometheus_that_says_nothing_freezes_or_holds(
    own: Connection, prometheus: tuple[str, type[Prometheus]], status: int, value: str
) -> None:
    url, answers = prometheus
    answers.status, answers.value = status, value
    wanted = ready(own, replace(asking(url), probe_unreadable="hold"))
    first = next(iter(engine.run(wanted)))
    frozen = replace(wanted, settings=BackfillSettings(gates=asking(url)))
    list(engine.run(frozen))

    assert isinstance(first, BackfillProgress)
    assert "prometheus cannot be read: Prometheus" in first.waiting
    assert is_filled(own)


def test_a_role_that_sees_nothing_must_be_accepted(server: Server, database: str) -> None:
    with connection.connect(server.dsn, name="tests") as admin:
        admin.execute("CREATE ROLE blind LOGIN PASSWORD 'blind'")
        admin.execute(f"ALTER DATABASE {database.rpartition('/')[2]} OWNER TO blind".encode())
        try:
            with connection.connect(f"{database}?user=blind&password=blind", name="t") as own:
                wanted = ready(own, QUICK)
                with pytest.raises(StoppedError, match="would look green"):
                    list(engine.run(wanted))
                gates = replace(QUICK, blind="accept")
                accepted = replace(wanted, settings=BackfillSettings(gates=gates))
                events = list(engine.run(accepted))

                assert isinstance(events[0], Suspicious)
                assert "see nothing" in events[0].reason
                assert is_filled(own)
        finally:
            admin.execute(
                f"ALTER DATABASE {database.rpartition('/')[2]} OWNER TO postgres".encode()
            )
            with connection.connect(database, name="tests") as there:
                there.execute("DROP OWNED BY blind CASCADE")
            admin.execute("DROP ROLE blind")


def wait_for(own: Connection, condition: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while (row := own.execute(condition.encode()).fetchone()) is None or not row[0]:
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


@contextmanager
def in_thread(work: Callable[[], object]) -> Iterator[None]:
    """Something that waits, beside the block; what it raises is raised after it."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(DEADLINE)
    if failed:
        raise failed[0]


def test_every_gate_can_be_read_on_every_version(every_database: str) -> None:
    limits = replace(BackfillGates(), sql="SELECT 1", sql_above=2.0)
    with connection.connect(every_database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY", "g")
        ((oid,),) = own.execute("SELECT 't'::regclass::oid::bigint").fetchall()
        own.execute("UPDATE t SET old = old")
        look = Look(own, [oid], limits, SystemClock())
        seen = {gate.name: signal(look) for gate, signal in gate_poller.gates(limits)}

        assert all(isinstance(reading, Reading) for reading in seen.values())
        assert seen["sql"] == Reading(value=1.0, detail="the query gives 1 (limit 2)")
        assert count(own, "true") == ROWS
