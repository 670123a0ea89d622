"""Network round trips do not count: a remote server gets batches like one nearby."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import begun, count, fill, step, table
from zdm.backfill.pacing import Pacing
from zdm.backfill.round_trip import REMEMBERED, RoundTrip
from zdm.backfill.wal_attribution import WalMeter
from zdm.execute.clock import SystemClock
from zdm.postgres.backfill import batch, engine, key_walk
from zdm.postgres.backfill.batch import Work
from zdm.postgres.backfill.key_ranges import Ranges
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

ROWS = 20_000
AWAY = timedelta(milliseconds=50)  # a round trip as long as a whole batch is meant to last
MS = timedelta(milliseconds=1)
LITTLE = 5 * MS  # of work, whatever else the machine does


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def test_the_shortest_way_of_the_last_batches_is_taken_off() -> None:
    way = RoundTrip()
    way.add(2 * MS)
    way.add(40 * MS)  # the processor was busy

    assert way.without(30 * MS, 8) == 14 * MS
    for _ in range(REMEMBERED):
        way.add(3 * MS)
    assert way.without(30 * MS, 8) == 6 * MS


def test_no_batch_takes_less_than_nothing() -> None:
    way = RoundTrip()
    way.add(10 * MS)

    assert way.without(15 * MS, 8) == timedelta(0)


def test_before_the_first_batch_nothing_is_known_of_the_way() -> None:
    assert RoundTrip().without(500 * MS, 8) == 500 * MS


def test_batches_of_a_server_far_away_are_not_the_smallest(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = batch.fill, []

    def far(*given: Any) -> batch.Outcome:
        done = real(*given)
        sizes.append(given[4].size)
        time = min(done.time, LITTLE) + done.statements * AWAY
        return replace(done, time=time, way=done.way + AWAY)

    monkeypatch.setattr(batch, "fill", far)
    lasting = timedelta(milliseconds=50)  # whatever others do
    pace = replace(engine.PACES[Pacing.PACED], shortest=lasting)
    monkeypatch.setitem(engine.PACES, Pacing.PACED, pace)
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    fill(own, begun(own), step(("id",)))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert max(sizes) > 2 * pace.first


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
def test_every_statement_of_a_batch_is_counted(own: Connection, key: str) -> None:
    table(own, f"id int {key}", "g", rows_of_it=ROWS)
    wanted, fence, asked = step(("id",) if key else ()), begun(own), 0
    (walk,) = key_walk.walks(own, wanted)
    ranges = Ranges(own, fence, wanted.id)
    ranges.take_over(walk, 1)
    taken = ranges.claim("worker-1")
    assert taken is not None
    real = type(own).execute

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return real(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(own), "execute", counted)
        work = Work(
            walk=walk, size=1000, wal=WalMeter(), clock=SystemClock(), lead=1, halves=True
        )
        first = batch.fill(own, wanted, fence, taken, work)
        second = batch.fill(own, wanted, fence, taken, replace(work, ahead=first.ahead))

    assert first.only_prepared
    assert second.filled > 900
    assert first.statements + second.statements == asked + 4  # two times BEGIN and COMMIT


def test_one_look_finds_several_small_batches(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    own.execute("DELETE FROM t WHERE id % 7 = 0")  # gaps
    wanted, fence = step(("id",)), begun(own)
    (walk,) = key_walk.walks(own, wanted)
    ranges = Ranges(own, fence, wanted.id)
    ranges.take_over(walk, 1)
    taken = ranges.claim("worker-1")
    assert taken is not None
    work = Work(walk=walk, size=100, wal=WalMeter(), clock=SystemClock(), at_once=4)
    done = [batch.fill(own, wanted, fence, taken, work)]
    for _ in range(3):
        done.append(batch.fill(own, wanted, fence, taken, replace(work, ahead=done[-1].ahead)))

    assert [(one.changed, one.bounds.keys) for one in done] == [(100, 100)] * 4
    assert [one.statements for one in done] == [6, 5, 5, 5]  # the first one looked
    assert done[-1].ahead == ()
