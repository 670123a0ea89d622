"""An executor is killed at each statement of the contract: its evidence still holds."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database, lasting
from tests.kill_matrix import child
from tests.kill_matrix.child import Command, Task
from tests.kill_matrix.proxy import Proxy
from tests.kill_matrix.statements import Statements
from tests.postgres.run.looking import BEFORE, OFF, ON, is_past, planned, rows, run_sql
from tests.waiting import until
from zdm.errors import StoppedError
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.postgres.server.provider import Server
from zdm.serialize import plan_file, snapshot_file

COMPARED = "INSERT INTO zdm.comparison"
MARKED = "SET point_of_no_return ="
# what was sent is still carried out
OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
PATIENCE = 60.0
SOME = 4  # of so many statements one is tried where all would take minutes
Ways = Callable[[int], tuple[bool, ...]]


def in_turn(at: int) -> tuple[bool, ...]:
    """Before the statement has reached the server, or after."""
    return (at % 2 == 0,)


def one_in_two(at: int) -> tuple[bool, ...]:
    """One statement in two, before and after by turns; with `make test-live` one in four is
    tried, too."""
    return in_turn(at // 2) if at % 2 == 0 else ()


def one_in_three(at: int) -> tuple[bool, ...]:
    """As in turn, of one statement in three."""
    return in_turn(at) if at % 3 == 0 else ()


def both(_: int) -> tuple[bool, ...]:
    return (False, True)


ALL = pytest.param(both, marks=pytest.mark.thorough)


@dataclass(frozen=True, slots=True, kw_only=True)
class Killing:
    """A database that waits for its contract, and what a calm contract sends."""

    server: Server
    template: str
    plan: Plan
    context: multiprocessing.context.ForkServerContext
    end: Snapshot
    calm: tuple[str, ...]

    @contextmanager
    def killed(self, at: int, *, is_sent: bool) -> Iterator[str]:
        """A copy whose contract was killed at that statement."""
        with fresh_database(self.server, template=self.template) as url:
            contract(self.context, self.plan, url, at, is_sent=is_sent)
            until(lambda: rows(url, OTHERS) == [], "the killed executor's sessions to end")
            yield url


def contract(
    context: multiprocessing.context.ForkServerContext,
    plan: Plan,
    url: str,
    at: int = 0,
    *,
    is_sent: bool = False,
) -> tuple[str, ...]:
    """Execute in a process of its own, up to that statement; what it sent."""
    port = urlsplit(url).port
    assert port is not None
    mine, theirs = multiprocessing.Pipe(duplex=False)
    task = Task(command=Command.EXECUTE, plan=plan_file.dumps(plan))
    proxy = Proxy(lambda: port, Statements(at=at, is_sent=is_sent))
    there = url.replace(f":{port}/", f":{proxy.port}/")
    process = context.Process(target=child.main, args=(there, task, theirs))
    proxy.statements.kill = process.kill
    process.start()
    theirs.close()
    try:
        process.join(PATIENCE)
        return tuple(proxy.statements.seen)
    finally:
        process.kill()
        process.join()
        mine.close()
        proxy.close()


@pytest.fixture(
    scope="module",
    params=[pytest.param(14, marks=[pytest.mark.more, pytest.mark.thorough]), 18],
    ids=["14", "18"],
)
def killing(request: pytest.FixtureRequest) -> Iterator[Killing]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill_matrix.child"])
    server = lasting(request.param)
    with fresh_database(server) as url:
        run_sql(url, BEFORE)
        plan = planned(url)
        cases.run(url, plan, until=RunState.DEPLOYED)
        template = urlsplit(url).path[1:]
        with fresh_database(server, template=template) as copy:
            calm = contract(context, plan, copy)
            end = cases.read(copy)
        yield Killing(
            server=server, template=template, plan=plan, context=context, end=end, calm=calm
        )


def place(calm: tuple[str, ...], part: str, after: int = 0) -> int:
    """The number of the first statement that has that part, from 1."""
    return next(n for n, text in enumerate(calm, 1) if n > after and part in text)


def within(killing: Killing) -> tuple[int, int]:
    """From the record of the comparison to the COMMIT of the marker."""
    first = place(killing.calm, COMPARED)
    return first, place(killing.calm, "COMMIT", place(killing.calm, MARKED, first))


def wrong(killing: Killing, url: str) -> list[str]:
    """What differs from the calm end."""
    said = [*snapshot_file.difference(killing.end, cases.read(url))]
    said += [f"row {row}" for row in rows(url, "SELECT id, n FROM t WHERE n <> 'v' || id")]
    found = rows(url, "SELECT count(*), count(n) FROM t")
    return said + [f"rows: {found}" for found in found if found != (300, 300)]


def resumed_at(killing: Killing, at: int, *, is_sent: bool) -> list[str]:
    with killing.killed(at, is_sent=is_sent) as url:
        state = cases.run(url, killing.plan, watching=Watching())
        said = [f"{state}"] if state is not RunState.CONTRACTED else []
        return [f"{at} {is_sent}: {item}" for item in said + wrong(killing, url)]


def written_past_at(killing: Killing, at: int, *, is_sent: bool) -> list[str]:
    """A row is written past the trigger before the next executor comes."""
    with killing.killed(at, is_sent=is_sent) as url:
        has_ended = not rows(url, "SELECT FROM pg_trigger WHERE tgname = 'zzz_zdm_sync_n'")
        said = [] if has_ended == is_past(url) else ["the marker is not where the end is"]
        if not has_ended:
            run_sql(url, OFF, "UPDATE t SET a = 'lost' WHERE id = 7", ON)
            try:
                said.append(
                    f"contracted with a row that differs: {cases.run(url, killing.plan)}"
                )
            except StoppedError as stopped:
                said += [] if ": 7" in stopped.message else [stopped.message]
            run_sql(url, "UPDATE t SET a = 'v7', n = 'v7' WHERE id = 7")
        cases.run(url, killing.plan)
        return [f"{at} {is_sent}: {item}" for item in said + wrong(killing, url)]


def test_the_comparison_and_the_contract_are_statements_that_a_kill_reaches(
    killing: Killing,
) -> None:
    compared = place(killing.calm, COMPARED)
    marked = place(killing.calm, MARKED, compared)

    assert any("LOCK TABLE" in text for text in killing.calm[compared:marked])
    assert any("DROP TRIGGER" in text for text in killing.calm[compared:marked])
    assert place(killing.calm, "COMMIT", marked) > marked


def test_a_kill_within_the_contract_lets_no_row_pass_that_differs(killing: Killing) -> None:
    first, last = within(killing)
    said = [
        one
        for at in (*range(first, last, SOME), last)
        for one in written_past_at(killing, at, is_sent=False)
    ]
    said += written_past_at(killing, last, is_sent=True)

    assert said == []


@pytest.mark.more
@pytest.mark.parametrize("ways", [one_in_two, ALL])
def test_a_kill_at_any_statement_of_it_lets_no_row_pass_that_differs(
    killing: Killing, ways: Ways
) -> None:
    first, last = within(killing)
    said = [
        one
        for at in range(first, last + 1)
        for is_sent in ways(at)
        for one in written_past_at(killing, at, is_sent=is_sent)
    ]

    assert said == []


@pytest.mark.more
@pytest.mark.parametrize("ways", [one_in_three, ALL])
def test_a_kill_at_any_statement_of_it_is_taken_up(killing: Killing, ways: Ways) -> None:
    """Nobody writes; the test above and that of `make test-live` go on from others as well."""
    first, last = within(killing)
    elsewhere = [n for n in range(1, len(killing.calm) + 1, SOME) if not first <= n <= last]
    said = [
        one
        for at in (*range(first, last + 1), *elsewhere)
        for is_sent in ways(at)
        for one in resumed_at(killing, at, is_sent=is_sent)
    ]

    assert said == []
