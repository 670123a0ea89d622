"""Who is in the way: seen before a lock is asked for, named, made to give way, or ended."""

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests import case as cases
from tests import scratch
from tests.case import Watching
from tests.conftest import fresh_database
from tests.fakes.clock import SkippingClock
from tests.unit import plans
from tests.waiting import until, until_true
from zdm.backfill.pacing import Pacing
from zdm.errors import StoppedError, TemporaryError
from zdm.execute import runner
from zdm.execute.events import Event, SessionEnded, Waiting
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.locks import LockMode
from zdm.model.plan import Plan, RunSql, TableLock
from zdm.model.release import RunState
from zdm.postgres.journal import step_sql
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.run.limits import Limits
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import blockers, connection
from zdm.postgres.session.connection import Connection
from zdm.workflows import plan_files

RENAME = cases.ROOT / "rename_column/plain"
INDEX = cases.ROOT / "create_index/plain"
USERS = TableLock(table=plans.USERS, mode=LockMode.ACCESS_EXCLUSIVE)
SLOWLY = (
    "CREATE TABLE users (id int) WITH (autovacuum_vacuum_cost_delay = 100,"
    " autovacuum_vacuum_cost_limit = 1"
)
AT_ONCE = timedelta(0)  # whoever holds anything is seen, however young its transaction
IMPATIENT = Limits(end_blockers_after=AT_ONCE, long_transaction=AT_ONCE)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


@contextmanager
def client(url: str, name: str = "report") -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody who is not zdm, in a transaction."""
    with psycopg.connect(url, application_name=name) as conn:
        try:
            yield conn
        finally:
            conn.close()


def execute(
    url: str, plan: Plan, limits: Limits, watching: Watching, deadline: float = 60.0
) -> RunState:
    clock, stop = SkippingClock(), StopFlag()
    with closing(PostgresDatabase(url, clock, stop, Pacing.FULL, limits)) as database:
        world = World(
            database=database, platform=None, observer=watching, clock=clock, stop=stop
        )
        options = replace(cases.options(), lock_deadline=timedelta(seconds=deadline))
        return runner.execute(plan_files.plan_text(plan), world, options)


def planned(url: str, case: object = RENAME) -> Plan:
    folder = cases.ROOT / str(case)
    return cases.plan(folder, cases.prepare(url, folder))


def reasons(watching: Watching) -> list[str]:
    return [event.reason for event in watching.events if isinstance(event, Waiting)]


def test_a_blocker_is_named_with_all_that_helps_to_find_it(
    own: Connection, database: str
) -> None:
    own.execute("CREATE TABLE users (id int)")
    with client(database) as conn:
        conn.execute("SELECT count(*)\nFROM users")
        (found,) = blockers.before(own, USERS, AT_ONCE)
        pid = conn.info.backend_pid
        user = conn.info.user

    who = rf"report \(pid {pid}, user {user}"
    said = rf"{who}, idle in transaction, transaction open for \d+m?s:"

    assert re.fullmatch(rf"{said} SELECT count\(\*\)\)", str(found))


def test_a_short_transaction_is_not_in_the_way(own: Connection, database: str) -> None:
    own.execute("CREATE TABLE users (id int)")
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")

        assert blockers.before(own, USERS, timedelta(minutes=1)) == ()
        assert len(blockers.of_lock(own, USERS)) == 1


def test_a_prepared_transaction_is_in_the_way_once_it_is_old(
    own: Connection, database: str
) -> None:
    own.execute("CREATE TABLE users (id int)")
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")
        conn.execute("PREPARE TRANSACTION 'just now'")
        conn.commit()
    try:
        young = blockers.before(own, USERS, timedelta(minutes=1))
        (old,) = blockers.before(own, USERS, timedelta(microseconds=1))
    finally:
        own.execute("ROLLBACK PREPARED 'just now'")

    assert young == ()
    assert str(old) == "a prepared transaction (see pg_prepared_xacts)"


def test_a_reader_is_not_in_the_way_of_a_lock_that_lets_it_read(
    own: Connection, database: str
) -> None:
    own.execute("CREATE TABLE users (id int)")
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")

        assert blockers.before(own, replace(USERS, mode=LockMode.SHARE), AT_ONCE) == ()


def test_an_idle_transaction_is_ended_after_the_time_that_is_set(database: str) -> None:
    plan, watching = planned(database), Watching()
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")
        state = execute(database, plan, IMPATIENT, watching)

        assert conn.info.transaction_status is not None
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    ended = [event for event in watching.events if isinstance(event, SessionEnded)]
    with connection.connect(database, name="tests") as conn2:
        acts = conn2.execute("SELECT what FROM zdm.act ORDER BY id").fetchall()

    assert state is RunState.CONTRACTED
    assert ended[0].who.startswith("report (pid")
    assert acts == [(f"ended {event.who}: {event.reason}",) for event in ended]


@pytest.mark.skipif("ZDM_TEST_DSN" in os.environ, reason="its processes are not ours to stop")
def test_a_session_that_is_slow_to_end_is_recorded_too(database: str) -> None:
    limits = replace(IMPATIENT, ending=timedelta(milliseconds=200))
    plan, watching = planned(database), Watching()
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")
        pid = conn.info.backend_pid

        def go_on(event: Event) -> None:
            if isinstance(event, SessionEnded) or len(reasons(watching)) > 5:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

        watching.react = go_on
        os.kill(pid, signal.SIGSTOP)
        state = execute(database, plan, limits, watching)
    ended = [event for event in watching.events if isinstance(event, SessionEnded)]
    with connection.connect(database, name="tests") as conn2:
        acts = conn2.execute("SELECT what FROM zdm.act ORDER BY id").fetchall()

    assert state is RunState.CONTRACTED
    assert ended[0].who.startswith("report (pid")
    assert "was terminated, and has not ended yet" in ended[0].reason
    assert acts == [(f"ended {event.who}: {event.reason}",) for event in ended]


def test_nobody_is_ended_unless_it_is_set(database: str) -> None:
    plan, watching = planned(database), Watching()
    with client(database) as conn:
        conn.execute("SELECT count(*) FROM users")
        with pytest.raises(TemporaryError, match="gave up after"):
            execute(database, plan, Limits(long_transaction=AT_ONCE), watching, deadline=3.0)
        row = conn.execute("SELECT 1").fetchone()

    assert row == (1,)
    assert "would queue behind report (pid" in reasons(watching)[0]


def test_zdms_own_sessions_are_never_ended(database: str) -> None:
    plan, watching = planned(database), Watching()
    with connection.connect(database, name="snapshot", autocommit=False) as conn:
        conn.execute("SELECT count(*) FROM users")
        with pytest.raises(TemporaryError, match="gave up after"):
            execute(database, plan, IMPATIENT, watching, deadline=3.0)
        row = conn.execute("SELECT 1").fetchone()

    assert row == (1,)


def test_who_may_not_end_a_session_says_so_and_waits(database: str) -> None:
    with connection.connect(database, name="tests") as admin:
        admin.execute("CREATE ROLE lowly LOGIN PASSWORD 'lowly'")
        try:
            cases.prepare(database, RENAME)
            admin.execute("ALTER TABLE users OWNER TO lowly")
            admin.execute("ALTER SCHEMA public OWNER TO lowly")
            admin.execute(
                "GRANT CREATE ON DATABASE " + database.rpartition("/")[2] + " TO lowly"
            )
            admin.execute("GRANT pg_read_all_stats TO lowly")
            plan = cases.plan(RENAME, cases.read(database))
            url = connection_as(database, "lowly")
            watching = Watching()
            with client(database) as conn:
                conn.execute("SELECT count(*) FROM users")

                def commit(event: Event) -> None:
                    if isinstance(event, Waiting) and "pg_signal_backend" in event.reason:
                        conn.commit()

                watching.react = commit
                state = execute(url, plan, IMPATIENT, watching)
        finally:
            admin.execute("DROP OWNED BY lowly CASCADE; DROP ROLE lowly")

    assert state is RunState.CONTRACTED
    assert any("pg_signal_backend" in reason for reason in reasons(watching))
    assert not [event for event in watching.events if isinstance(event, SessionEnded)]


def connection_as(url: str, role: str) -> str:
    place = url.partition("://")[2].partition("@")[2]
    return f"postgresql://{role}:{role}@{place}"


def test_the_lock_budget_is_divided_among_the_tables() -> None:
    second = replace(USERS, table=replace(plans.USERS, name="orders"))
    reader = replace(USERS, table=replace(plans.USERS, name="x"), mode=LockMode.ACCESS_SHARE)
    step = plans.step(locks=(USERS, second, reader))

    assert step_sql.lock_timeout(step) == step.lock_timeout / 2
    assert step_sql.lock_timeout(plans.step()) == step.lock_timeout


@pytest.fixture
def index_plan(database: str) -> Plan:
    return planned(database, INDEX)


def test_a_concurrent_build_names_whom_it_waits_for(database: str, index_plan: Plan) -> None:
    """Even a transaction that only read another table."""
    watching = Watching()
    with client(database) as conn:
        conn.execute("CREATE TABLE other (id int)")
        conn.execute("COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM other")

        def release(event: Event) -> None:
            if isinstance(event, Waiting):
                conn.rollback()

        watching.react = release
        state = execute(database, drifted(index_plan, database), Limits(), watching)

    assert state is RunState.CONTRACTED
    assert "waits for report (pid" in reasons(watching)[0]


def drifted(plan: Plan, url: str) -> Plan:
    """The plan, from the schema as it is now."""
    return replace(plan, fingerprint=cases.plan(INDEX, cases.read(url)).fingerprint)


def test_a_concurrent_build_that_waits_too_long_is_cancelled_and_cleaned_up(
    database: str, index_plan: Plan
) -> None:
    limits, watching = Limits(concurrent_deadline=timedelta(seconds=1)), Watching()
    with client(database) as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
        with pytest.raises(TemporaryError, match="it waited for report"):
            execute(database, index_plan, limits, watching, deadline=0.5)
        with connection.connect(database, name="tests") as conn2:
            row = conn2.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()

    assert row == (0,)
    assert execute(database, index_plan, Limits(), Watching()) is RunState.CONTRACTED


def test_whoever_blocks_a_concurrent_build_is_ended_if_that_is_set(
    database: str, index_plan: Plan
) -> None:
    watching = Watching()
    with client(database) as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
        state = execute(database, index_plan, IMPATIENT, watching)

    assert state is RunState.CONTRACTED
    assert [event for event in watching.events if isinstance(event, SessionEnded)]


def test_a_statement_that_a_person_cancels_is_tried_again(database: str) -> None:
    plan, cancelled = planned(database), []
    first = plan.steps[0]
    assert isinstance(first, RunSql)
    slow = replace(
        first,
        sql=(
            *first.sql,
            "SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM zdm.attempt) THEN 0 ELSE 60 END)",
        ),
    )
    plan = replace(plan, steps=(slow, *plan.steps[1:]))

    def cancel() -> None:
        with connection.connect(database, name="tests") as conn:
            query = (
                b"SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                b" WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()"
            )
            cancelled.extend(until(lambda: conn.execute(query).fetchall()))

    thread = threading.Thread(target=cancel)
    thread.start()
    watching = Watching()
    state = execute(database, plan, Limits(), watching)
    thread.join()

    assert state is RunState.CONTRACTED
    assert "a timeout or a person cancelled" in reasons(watching)[0]


def test_a_statement_that_is_cancelled_again_and_again_is_for_a_person(database: str) -> None:
    plan = planned(database)
    first = plan.steps[0]
    assert isinstance(first, RunSql)
    slow = replace(
        first, sql=("SELECT pg_sleep(60)",), statement_timeout=timedelta(milliseconds=100)
    )
    with pytest.raises(StoppedError, match="3 times"):
        execute(database, replace(plan, steps=(slow, *plan.steps[1:])), Limits(), Watching())


def test_a_statement_that_breaks_every_connection_is_given_up(database: str) -> None:
    plan = planned(database)
    first = plan.steps[0]
    assert isinstance(first, RunSql)
    deadly = replace(first, sql=("SELECT pg_terminate_backend(pg_backend_pid())",))
    with pytest.raises(TemporaryError, match="the database was lost"):
        execute(database, replace(plan, steps=(deadly, *plan.steps[1:])), Limits(), Watching())


@pytest.fixture(scope="module")
def vacuuming() -> Iterator[Server]:
    """A server whose automatic vacuum looks at once."""
    settings = (("autovacuum_naptime", "1s"),)
    with scratch.throwaway(Wanted(settings=settings)) as server:
        yield server


def vacuumed(conn: Connection, kind: str) -> None:
    """Wait until the automatic vacuum is at work on the table."""
    until_true(
        conn,
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
        " AND datname = current_database()"
        f" AND query LIKE 'autovacuum: VACUUM%public.users%' AND query LIKE '{kind}'",
    )


def test_an_automatic_vacuum_gives_way(vacuuming: Server) -> None:
    """It does so only for who waits `deadlock_timeout`, which zdm's short waits never do."""
    with (
        fresh_database(vacuuming) as url,
        connection.connect(url, name="execute/tests") as own,
    ):
        own.execute(f"{SLOWLY}, autovacuum_vacuum_threshold = 1)".encode())
        own.execute("INSERT INTO users SELECT generate_series(1, 100000)")
        own.execute("DELETE FROM users")
        vacuumed(own, "%")

        assert blockers.of_lock(own, USERS, older_than=timedelta(seconds=1))
        until(lambda: blockers.before(own, USERS) == ())  # each look makes it give way


def test_a_vacuum_to_prevent_wraparound_is_waited_for_and_named(vacuuming: Server) -> None:
    with (
        fresh_database(vacuuming) as url,
        connection.connect(url, name="execute/tests") as own,
    ):
        only_forced = "autovacuum_freeze_max_age = 100000, autovacuum_enabled = false"
        own.execute(f"{SLOWLY}, {only_forced})".encode())
        own.execute("INSERT INTO users SELECT generate_series(1, 200000)")
        own.execute(
            "DO $$ BEGIN FOR i IN 1..120000 LOOP BEGIN INSERT INTO users VALUES (i);"
            " EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$"
        )
        vacuumed(own, "%wraparound%")
        (found,) = blockers.before(own, USERS)

        assert "to prevent wraparound" in str(found)
        assert not found.may_be_ended
