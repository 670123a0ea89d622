"""A batch that takes its idle table at once: when it asks, what it gets, and who waits."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import errors

from tests.fakes.clock import SkippingClock
from tests.postgres.backfill.fills import begun, count, fill, fill_request, step, table
from zdm.backfill.pacing import Pacing
from zdm.backfill.server_load import UNKNOWN, Others
from zdm.config.settings import BackfillSettings
from zdm.postgres.backfill import alone, engine, key_walk
from zdm.postgres.backfill.alone import Alone
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

ROWS = 40_000  # several batches at full pacing
IDLE = Others(0.0, timedelta(0))


@pytest.fixture
def own(every_database: str) -> Iterator[Connection]:
    with connection.connect(every_database, name="execute/tests") as conn:
        yield conn


@pytest.fixture
def other(every_database: str) -> Iterator[psycopg.Connection]:
    """A session of the application."""
    with psycopg.connect(every_database) as conn:
        yield conn


def walk(own: Connection) -> Walk:
    [found] = key_walk.walks(own, step(("id",)))
    return found


def test_it_asks_at_full_pacing_with_one_worker_while_others_are_idle() -> None:
    ask = Alone(SkippingClock(), wanted=True)

    assert ask.may_ask(1, IDLE)
    assert ask.may_ask(1, UNKNOWN)
    assert not ask.may_ask(2, IDLE)
    assert not ask.may_ask(1, Others(0.03, timedelta(milliseconds=1)))
    assert engine.PACES[Pacing.FULL].takes_table
    assert not engine.PACES[Pacing.PACED].takes_table
    assert not Alone(SkippingClock(), wanted=False).may_ask(1, IDLE)


def test_it_does_not_ask_again_for_ten_seconds_after_a_refusal() -> None:
    clock = SkippingClock()
    ask = Alone(clock, wanted=True)
    ask.refused()

    assert not ask.may_ask(1, IDLE)
    clock.sleep(alone.SHY - timedelta(seconds=1))
    assert not ask.may_ask(1, IDLE)
    clock.sleep(timedelta(seconds=1))
    assert ask.may_ask(1, IDLE)


def test_who_reads_does_not_wait_for_it_and_who_writes_or_locks_does(
    own: Connection, other: psycopg.Connection
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=10)
    own.execute("CREATE TABLE child (t_id int REFERENCES t)")
    waits = (
        "UPDATE t SET old = 'x' WHERE id = 1",
        "SELECT FROM t WHERE id = 1 FOR KEY SHARE",
        "INSERT INTO child VALUES (1)",
    )
    with own.transaction():
        assert alone.take(own, walk(own))
        other.execute("SET lock_timeout = '50ms'")
        other.commit()
        assert other.execute("SELECT count(*) FROM t").fetchone() == (10,)
        other.commit()
        for statement in waits:
            with pytest.raises(errors.LockNotAvailable):
                other.execute(statement.encode())
            other.rollback()
    for statement in waits:
        other.execute(statement.encode())


@pytest.mark.parametrize(
    "held",
    [
        "UPDATE t SET old = 'x' WHERE id = 1",
        "SELECT FROM t WHERE id = 1 FOR KEY SHARE",
        "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE",  # as VACUUM does
    ],
)
def test_who_holds_a_row_keeps_it_from_the_table_and_the_transaction_lives(
    own: Connection, other: psycopg.Connection, held: str
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=10)
    other.execute(held.encode())
    with own.transaction():
        own.execute("CREATE TEMP TABLE before ON COMMIT DROP AS SELECT 1 AS n")
        assert not alone.take(own, walk(own))
        assert own.execute("SELECT n FROM before").fetchone() == (1,)


def test_a_role_that_may_not_lock_the_table_fills_it_row_by_row(
    own: Connection, other: psycopg.Connection
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=10)
    own.execute("CREATE ROLE alone_less; GRANT UPDATE (new), SELECT ON t TO alone_less")
    try:
        other.execute("SET ROLE alone_less")
        with other.transaction():
            assert not alone.take(other, walk(own))
            assert other.execute("SELECT count(*) FROM t").fetchone() == (10,)
        other.commit()
    finally:
        own.execute("DROP OWNED BY alone_less; DROP ROLE alone_less")


def test_beside_a_session_that_holds_a_row_each_row_is_locked_again(
    own: Connection, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    given: list[bool] = []

    def take(conn: Connection, target: Walk) -> bool:
        if len(given) == 1:  # from the second one on a session holds the last row
            other.execute("SELECT FROM t WHERE id = %s FOR UPDATE", (ROWS,))
        given.append(taken(conn, target))
        if len(given) == 2:
            other.rollback()
        return given[-1]

    taken = alone.take
    monkeypatch.setattr(alone, "take", take)
    pace = replace(engine.PACES[Pacing.FULL], largest=5_000, first=5_000)
    monkeypatch.setitem(engine.PACES, Pacing.FULL, pace)
    fill(own, begun(own), step(("id",)), Pacing.FULL)

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert given[:2] == [True, False]


@pytest.mark.parametrize(("pacing", "workers"), [(Pacing.FULL, 2), (Pacing.PACED, 1)])
def test_several_workers_and_paced_ones_never_ask(
    own: Connection, monkeypatch: pytest.MonkeyPatch, pacing: Pacing, workers: int
) -> None:
    asked: list[Walk] = []
    monkeypatch.setattr(alone, "take", lambda _, target: asked.append(target))
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    wanted = fill_request(
        own, begun(own), step(("id",)), pacing, BackfillSettings(workers=workers)
    )
    list(engine.run(wanted))

    assert not asked
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
