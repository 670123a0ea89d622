"""zdm behind a real PgBouncer: refused before anything is left in a backend others share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import case as cases
from tests import pgbouncer
from tests.cli.conftest import Zdm
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.postgres.session import connection, pooler
from zdm.workflows import plan_files

RENAME = cases.ROOT / "rename_column/plain"
pytestmark = pytest.mark.more


@pytest.fixture
def plan(database: str) -> Plan:
    """The rename's plan, on a database that stands at its start."""
    return cases.plan(RENAME, cases.prepare(database, RENAME))


@pytest.fixture(params=["transaction", "session"])
def pooled(database: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The database through a pooler, in each mode that PgBouncer is used in."""
    with pgbouncer.in_front_of(database, request.param) as url:
        yield url


def test_execute_is_refused_and_nothing_is_left_behind(
    zdm: Zdm, database: str, plan: Plan, pooled: str, tmp_path: Path
) -> None:
    plan_files.write_plan(tmp_path / "plan.yaml", plan)
    answer = zdm("execute", "plan.yaml", "--log-format", "human", "--database", pooled)
    with connection.connect(pooled, name="application", tuned=False) as opened:
        settings = opened.execute("SHOW client_connection_check_interval").fetchone()
    with connection.connect(database, name="tests") as opened:
        locks = opened.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
    direct = zdm("execute", "plan.yaml", "--until", "expanded", "--database", database)

    assert answer.code == 3
    assert answer.err.startswith("error: the connection goes through a pooler")
    assert (settings, locks) == (("0",), (0,))
    assert direct.code == 0, direct.err


def test_a_direct_connection_keeps_its_locks_and_a_pooled_one_is_known(
    database: str, pooled: str
) -> None:
    with connection.connect(database, name="tests", tuned=False) as direct:
        kept = pooler.keeps_locks(direct)
    with connection.connect(pooled, name="tests", tuned=False) as through:
        known = not pooler.keeps_locks(through)

    assert (kept, known) == (True, True)


def test_the_guard_may_be_asked_through_it(
    zdm: Zdm, database: str, plan: Plan, pooled: str
) -> None:
    cases.run(database, plan, until=RunState.BACKFILLED)
    answer = zdm("guard", "--version", "v2", "--database", pooled)
    with connection.connect(pooled, name="application", tuned=False) as opened:
        settings = opened.execute("SHOW idle_in_transaction_session_timeout").fetchone()

    assert answer.code == 0, answer.err
    assert settings == ("0",)


def test_commands_that_are_let_through_leave_no_setting_behind(
    zdm: Zdm, database: str, plan: Plan, pooled: str
) -> None:
    name = database.rpartition("/")[2]
    with connection.connect(database, name="tests") as opened:
        opened.execute(f"ALTER DATABASE {name} SET datestyle = 'SQL, DMY'".encode())
        opened.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'".encode())
    cases.run(database, plan, until=RunState.EXPANDED)
    answers = [
        zdm(*command, "--database", pooled)
        for command in (("snapshot", "-o", "s.json"), ("pause",), ("status",), ("resume",))
    ]
    with connection.connect(pooled, name="application", tuned=False) as opened:
        row = opened.execute(
            "SELECT current_setting('TimeZone'), current_setting('DateStyle'),"
            " current_setting('row_security'), current_setting('statement_timeout'),"
            " current_setting('client_connection_check_interval')"
        ).fetchone()

    assert [answer.code for answer in answers] == [0] * 4, answers
    assert row == ("Asia/Tokyo", "SQL, DMY", "on", "0", "0")


def test_transaction_mode_strands_a_lock(database: str) -> None:
    """Why: two sessions of ours, one backend; the first one's lock is with the second."""
    with (
        pgbouncer.in_front_of(database, "transaction") as url,
        connection.connect(url, name="one", tuned=False) as one,
        connection.connect(url, name="two", tuned=False) as two,
    ):
        one.execute("SELECT pg_advisory_lock(7)")
        two.execute("BEGIN")
        found = two.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND pid = pg_backend_pid()"
        ).fetchone()
        other = one.execute("SELECT pg_advisory_unlock(7)").fetchone()
        two.execute("COMMIT")

    assert found == (1,)
    assert other == (False,)
