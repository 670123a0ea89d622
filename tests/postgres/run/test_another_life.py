"""A journal that comes from a backup or a standby says nothing of rows that it has not seen."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.backfill.replicas import replica
from tests.postgres.run.looking import BEFORE, OFF, ON, opened, planned, rows, run_sql
from tests.waiting import until
from zdm.cli.commands.status import plain, text
from zdm.errors import StoppedError, TemporaryError
from zdm.execute.events import Compared
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.workflows import read_status

LIFE = "restored or failed over since then, so it is compared again before the contract"
DUMPED = ("evidence", "comparison")


def compared(url: str, plan: Plan) -> list[int]:
    """Contract; how many rows are compared for it."""
    watching = Watching()

    assert cases.run(url, plan, watching=watching) is RunState.CONTRACTED

    return [event.rows for event in watching.events if isinstance(event, Compared)]


def status(url: str) -> tuple[str, bool]:
    """The status, for a person, and whether what was compared is of this database's life."""
    found = read_status.read(url)
    assert found is not None
    (one,) = plain(found)["comparisons"]
    return text(found), bool(one["is_current"])


@pytest.fixture(
    scope="module", params=[pytest.param(14, marks=pytest.mark.more), 18], ids=["14", "18"]
)
def ground(request: pytest.FixtureRequest) -> Iterator[Server]:
    with provider.throwaway(Wanted(major=request.param)) as server:
        yield server


@pytest.fixture
def url(ground: Server) -> Iterator[str]:
    with fresh_database(ground) as found:
        run_sql(found, BEFORE)
        yield found


def test_a_restored_copy_is_compared_again(ground: Server, url: str) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    with fresh_database(ground, template=urlsplit(url).path[1:]) as copy:
        said, is_current = status(copy)
        again = compared(copy, plan)
        after = status(copy)[0]
    here, is_current_here = status(url)

    assert LIFE in said
    assert (is_current, is_current_here) == (False, True)
    assert LIFE not in here + after
    assert (again, compared(url, plan)) == ([300], [])


def test_a_journal_from_before_the_trigger_was_off_knows_that_it_was(url: str) -> None:
    """Only the journal is restored, or only the rows are."""
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, *(f"CREATE TABLE kept_{t} AS TABLE zdm.{t}" for t in DUMPED))
    run_sql(url, OFF, "UPDATE t SET a = 'lost' WHERE id = 7", ON)
    with pytest.raises(StoppedError):
        cases.run(url, plan)
    run_sql(
        url,
        *(f"DELETE FROM zdm.{t}; INSERT INTO zdm.{t} TABLE kept_{t}" for t in DUMPED),
        *(f"DROP TABLE kept_{t}" for t in DUMPED),
    )

    with pytest.raises(StoppedError, match=r"is as before.*rows of t differ .*: 7$"):
        cases.run(url, plan)


def test_rows_that_are_loaded_past_the_trigger_are_compared(url: str) -> None:
    """As `pg_restore --clean -t t` does: the table is another one."""
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, OFF, "UPDATE t SET a = 'lost' WHERE id = 7", ON, "VACUUM FULL t")
    for _ in range(2):
        with pytest.raises(StoppedError, match=r"rows of t differ .*: 7"):
            cases.run(url, plan)


def test_a_promoted_standby_is_compared_again(ground: Server) -> None:
    with (
        provider.throwaway(Wanted(major=ground.major)) as server,
        replica(server, "r") as standby,
    ):
        run_sql(server.dsn, "CREATE DATABASE app")
        url, there = (
            urlsplit(one.dsn)._replace(path="/app").geturl() for one in (server, standby)
        )
        run_sql(url, BEFORE)
        plan = planned(url)
        cases.run(url, plan, until=RunState.DEPLOYED)
        ((lsn,),) = rows(url, "SELECT pg_current_wal_lsn()::text")
        caught_up = f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'"
        until(lambda: rows(standby.dsn, caught_up) == [(True,)])
        before = status(there)
        run_sql(there.replace("/app", "/postgres"), "SELECT pg_promote()")
        promoted = status(there)
        again = compared(there, plan)

    assert before[1]
    assert LIFE not in before[0]
    assert LIFE in promoted[0]
    assert again == [300]


def test_a_look_that_others_keep_out_is_given_up_as_a_busy_lock(
    ground: Server, url: str
) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    with fresh_database(ground, template=urlsplit(url).path[1:]) as copy:
        with opened(copy) as holder:
            holder.execute("SET idle_in_transaction_session_timeout = 0")
            holder.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TemporaryError, match="gave up"):
                cases.run(copy, plan)
            holder.execute("ROLLBACK")
        is_current = status(copy)[1]
        again = compared(copy, plan)

    assert (is_current, again) == (False, [300])
