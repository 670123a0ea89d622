"""A scout on a real server: what it found is used where it was looked for, else not at all."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import begun, count, fill, step, table
from zdm.backfill.pacing import Pacing
from zdm.errors import StoppedError, TemporaryError
from zdm.execute.events import BackfillMeasured
from zdm.postgres.backfill import engine, key_walk
from zdm.postgres.backfill.key_ranges import Range
from zdm.postgres.backfill.key_walk import Bounds, Walk
from zdm.postgres.backfill.lookahead import Scout
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

TAKEN = Range(id=1, relation="t", lo=None, hi=("900",), sweep=0)
FIRST = Bounds(lower=None, upper=("100",), keys=100, last=False)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        table(conn, "id int PRIMARY KEY", "g")
        yield conn


@pytest.fixture
def scout(own: Connection) -> Iterator[Scout]:
    url = f"{own.info.dsn} password={own.info.password}"
    with closing(Scout(lambda: connection.connect(url, name="execute/tests/scout"))) as one:
        yield one


def walk(own: Connection) -> Walk:
    [found] = key_walk.walks(own, step(("id",)))
    return found


def test_it_finds_what_the_batch_would_have_found(own: Connection, scout: Scout) -> None:
    scout.look(walk(own), TAKEN, FIRST, 200)

    assert scout.found(TAKEN, ("100",)) == Bounds(
        lower=("100",), upper=("300",), keys=200, last=False
    )


def test_it_finds_the_end_of_the_range(own: Connection, scout: Scout) -> None:
    scout.look(walk(own), TAKEN, FIRST, 2000)

    assert scout.found(TAKEN, ("100",)) == Bounds(
        lower=("100",), upper=("900",), keys=800, last=True
    )


def test_a_batch_that_begins_elsewhere_is_told_nothing(own: Connection, scout: Scout) -> None:
    scout.look(walk(own), TAKEN, FIRST, 200)
    other = Range(id=2, relation="t", lo=None, hi=None, sweep=1)

    assert scout.found(TAKEN, None) is None  # the batch before failed
    assert scout.found(other, ("100",)) is None


def test_nothing_is_looked_for_after_the_end(own: Connection, scout: Scout) -> None:
    scout.look(walk(own), TAKEN, FIRST, 200)
    scout.look(walk(own), TAKEN, Bounds(lower=None, upper=("900",), keys=1, last=True), 200)

    assert scout.found(TAKEN, ("100",)) is None


def test_a_look_that_fails_is_left_to_the_batch(own: Connection, scout: Scout) -> None:
    there = walk(own)
    own.execute("DROP TABLE t")
    scout.look(there, TAKEN, FIRST, 200)

    assert scout.found(TAKEN, ("100",)) is None


def test_where_no_connection_is_left_it_asks_once_and_then_no_more(own: Connection) -> None:
    asked: list[int] = []

    def refused() -> Connection:
        asked.append(1)
        raise TemporaryError("too many clients", hint="")

    with closing(Scout(refused)) as scout:
        for _ in range(3):
            scout.look(walk(own), TAKEN, FIRST, 200)
            assert scout.found(TAKEN, ("100",)) is None

    assert asked == [1]


def test_a_fill_at_full_pace_misses_and_counts_no_key_twice(own: Connection) -> None:
    own.execute("DROP TABLE t")
    table(own, "id uuid PRIMARY KEY", "md5(g::text)::uuid", rows_of_it=70_000)
    events = fill(own, begun(own), step(("id",)), Pacing.FULL)
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert (measured.scanned, measured.changed) == (70_000, 70_000)


def test_a_failing_row_is_named_at_full_pace_too(own: Connection) -> None:
    own.execute("INSERT INTO t SELECT g, 'row ' || g FROM generate_series(2501, 70000) AS g")
    own.execute("UPDATE t SET old = 'bad' WHERE id IN (35003, 69999)")
    wanted = step(
        ("id",), "CASE old WHEN 'bad' THEN upper(old || 1/(id - id)) ELSE upper(old) END"
    )
    fence = begun(own)
    with pytest.raises(StoppedError, match="id = 35003"):
        fill(own, fence, wanted, Pacing.FULL)
    own.execute("UPDATE t SET old = 'good' WHERE id = 35003")
    with pytest.raises(StoppedError, match="id = 69999"):
        fill(own, fence, wanted, Pacing.FULL)
    own.execute("UPDATE t SET old = 'good' WHERE id = 69999")
    fill(own, fence, wanted, Pacing.FULL)

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


WRITE_DOWN = """
CREATE TABLE batch (size int, keys bigint);
CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO batch VALUES (new.size, new.scanned - old.scanned); RETURN new; END';
CREATE TRIGGER write_down AFTER UPDATE OF wal ON zdm.backfill_range
    FOR EACH ROW EXECUTE FUNCTION write_down();
"""


def test_while_a_failing_row_is_looked_for_each_batch_has_exactly_its_size(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither computed from a key without a gap before it, nor found or prepared earlier."""
    full = engine.PACES[Pacing.FULL]
    hour = timedelta(hours=1)
    steady = replace(full, target=hour, shortest=hour, first=256, largest=256)
    monkeypatch.setitem(engine.PACES, Pacing.FULL, steady)
    own.execute("DROP TABLE t")
    table(own, "id int PRIMARY KEY", "CASE WHEN g <= 512 THEN g ELSE 3 * g END")
    own.execute("UPDATE t SET old = 'bad' WHERE id = 3 * 700")
    bad = "CASE old WHEN 'bad' THEN upper(old || 1/(id - id)) ELSE upper(old) END"
    fence = begun(own)
    own.execute(WRITE_DOWN)
    with pytest.raises(StoppedError, match="id = 2100"):
        fill(own, fence, step(("id",), bad), Pacing.FULL)
    hunted = own.execute("SELECT size, keys FROM batch WHERE size < 256").fetchall()

    assert hunted
    assert [(size, keys) for size, keys in hunted if size != keys] == []
