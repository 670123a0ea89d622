"""What is filled in advance, on a real server: room for new versions, and never a row left."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import begun, count, fill, step, table
from tests.waiting import until
from zdm.backfill.pacing import Pacing
from zdm.execute.events import BackfillMeasured
from zdm.postgres.backfill import batch as backfill_batch
from zdm.postgres.backfill import engine, hot_prefill, key_walk
from zdm.postgres.backfill.hot_prefill import Ahead
from zdm.postgres.backfill.key_walk import Bounds
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

ROWS = 20_000


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def heap_only(own: Connection) -> float:
    """The share of the updates that no index was told of, once all of them are counted."""

    def share() -> list[float]:
        return [
            hot / updates
            for updates, hot in own.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 't'"
            )
            if updates >= ROWS
        ]

    return until(share)[0]


def differing(own: Connection) -> int:
    """Rows that a verification found to differ."""
    row = own.execute("SELECT sum(differing)::int FROM zdm.backfill_pass").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("pacing", list(Pacing))
def test_new_versions_stay_on_their_page_without_a_word_to_any_index(
    every_database: str, monkeypatch: pytest.MonkeyPatch, pacing: Pacing
) -> None:
    pace = replace(engine.PACES[pacing], smallest=hot_prefill.ROOM_ROWS)
    monkeypatch.setitem(engine.PACES, pacing, pace)  # beside others they would be smaller
    with connection.connect(every_database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
        own.execute("CREATE TABLE plain AS TABLE t")
        own.execute("UPDATE plain SET new = upper(old)")
        fill(own, begun(own), step(("id",)), pacing)
        share = heap_only(own)
        sizes = own.execute(
            "SELECT pg_relation_size('t'), pg_relation_size('plain')"
        ).fetchone()

        assert count(own, "new IS DISTINCT FROM upper(old)") == 0
        assert share > 0.25
        assert sizes is not None
        assert sizes[0] < 0.9 * sizes[1]


@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX ON t (new)",
        "CREATE INDEX ON t (id) INCLUDE (new)",
        "CREATE INDEX ON t (lower(new))",
        "CREATE INDEX ON t (id) WHERE new IS NULL",
        "ALTER TABLE t ADD UNIQUE (id, new)",
    ],
)
def test_a_column_that_an_index_knows_is_not_filled_in_advance(
    own: Connection, index: str
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    [before] = key_walk.walks(own, step(("id",)))
    own.execute(index.encode())
    [after] = key_walk.walks(own, step(("id",)))
    batch = Ahead(bounds=after.next(own, None, 1000))
    left = hot_prefill.prepared(own, after, batch, lambda _: 1)
    fill(own, begun(own), step(("id",)), Pacing.FULL)

    assert (before.roomy, after.roomy) == (True, False)
    assert left == batch
    assert heap_only(own) == 0
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


@pytest.mark.parametrize("pacing", list(Pacing))
def test_small_batches_are_not_prepared(
    own: Connection, monkeypatch: pytest.MonkeyPatch, pacing: Pacing
) -> None:
    largest = hot_prefill.ROOM_ROWS - 1
    pace = replace(engine.PACES[pacing], first=largest, largest=largest)
    monkeypatch.setitem(engine.PACES, pacing, pace)
    prepared: list[Ahead] = []
    monkeypatch.setattr(backfill_batch, "prepared", lambda *given: prepared.append(given[2]))
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    fill(own, begun(own), step(("id",)), pacing)

    assert prepared == []
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


@pytest.mark.parametrize("pacing", list(Pacing))
def test_rows_that_lie_far_from_their_neighbours_are_filled_with_them(
    own: Connection, pacing: Pacing
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    own.execute("UPDATE t SET old = old || '!' WHERE id % 7 = 0")  # they move to the end
    events = fill(own, begun(own), step(("id",)), pacing)
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert differing(own) == 0  # the batches found them, not the verification
    assert (measured.scanned, measured.changed) == (ROWS, ROWS)


def test_a_table_without_a_key_gains_too(own: Connection) -> None:
    table(own, "id int", "g", rows_of_it=ROWS)
    fill(own, begun(own), step(()), Pacing.FULL)

    assert heap_only(own) > 0.25
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_scattered_rows_are_not_looked_for_page_by_page(own: Connection) -> None:
    table(own, "id uuid PRIMARY KEY", "md5(g::text)::uuid", rows_of_it=ROWS)
    [walk] = key_walk.walks(own, step(("id",)))
    bounds = walk.next(own, None, 1000)
    asked: list[str] = []

    def half(condition: str) -> int:
        asked.append(condition)
        return 1

    batch = hot_prefill.prepared(own, walk, Ahead(bounds=bounds), half)
    fill(own, begun(own), step(("id",)), Pacing.FULL)

    assert (batch.pages, batch.filled, asked) == ("", 0, [])
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_only_half_of_the_rows_of_the_next_keys_are_filled_in_advance(own: Connection) -> None:
    table(own, "a int, b int, PRIMARY KEY (a, b)", "g / 1000, g", rows_of_it=ROWS)
    [walk] = key_walk.walks(own, step(("a", "b")))
    bounds = walk.next(own, ("2", "2500"), 1000)

    def half(condition: str) -> int:
        return own.execute(f"UPDATE t SET new = 'half' WHERE {condition}".encode()).rowcount

    batch = hot_prefill.prepared(own, walk, Ahead(bounds=bounds), half)

    assert 400 < batch.filled < 600
    assert count(own, "new = 'half' AND b BETWEEN 2501 AND 3500") == batch.filled
    assert count(own, "new = 'half'") == batch.filled
    assert count(own, f"new IS NULL AND {batch.pages}") > 300


def test_there_is_nothing_to_prepare_where_there_is_no_key(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=100)
    [walk] = key_walk.walks(own, step(("id",)))
    nothing = Ahead(bounds=Bounds(lower=("100",), upper=None, keys=0, last=True))

    assert hot_prefill.prepared(own, walk, nothing, lambda _: 1) == nothing


def test_a_snapshot_from_before_costs_the_gain_and_nothing_else(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    with psycopg.connect(database, application_name="report") as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM t")
        fill(own, begun(own), step(("id",)), Pacing.FULL)
        reader.rollback()

    assert heap_only(own) < 0.05
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


class Batches(list[tuple[int, int]]):
    """The size and the keys of every batch; so many at the most, since some would never end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        super().__init__()
        real = backfill_batch.fill

        def counted(*args: Any) -> backfill_batch.Outcome:
            outcome = real(*args)
            self.append((args[4].size, outcome.bounds.keys))
            assert len(self) <= most
            return outcome

        monkeypatch.setattr(backfill_batch, "fill", counted)


@pytest.mark.parametrize("pacing", list(Pacing))
@pytest.mark.parametrize("further", [(), (2 * 10**12,)])
def test_keys_that_end_where_a_batch_ends_end_the_fill(
    own: Connection, monkeypatch: pytest.MonkeyPatch, pacing: Pacing, further: tuple[int, ...]
) -> None:
    pace = replace(engine.PACES[pacing], first=1000, smallest=1000, largest=1000)
    monkeypatch.setitem(engine.PACES, pacing, pace)
    table(own, "id bigint PRIMARY KEY", "g", rows_of_it=5000)
    for key in further:
        own.execute("INSERT INTO t VALUES (%s, 'far')", (key,))
    batches = Batches(monkeypatch, 40)
    fill(own, begun(own), step(("id",)), pacing)

    assert sum(keys for _, keys in batches) == 5000 + len(further)


def test_a_batch_that_only_prepares_does_not_make_the_next_ones_small(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(own, "id bigint PRIMARY KEY", "g", rows_of_it=100_000)
    own.execute("UPDATE t SET new = upper(old) WHERE id % 5000 <> 0")
    own.execute("VACUUM FULL ANALYZE t")
    batches = Batches(monkeypatch, 100)
    fill(own, begun(own), step(("id",)), Pacing.FULL)

    assert min(size for size, _ in batches[:3]) > 2000


def test_a_table_that_was_analysed_while_it_was_empty_has_usual_pages(own: Connection) -> None:
    own.execute("CREATE TABLE t (id uuid PRIMARY KEY, old text, new text); ANALYZE t")
    own.execute(
        "INSERT INTO t SELECT md5(g::text)::uuid, 'row', NULL"
        " FROM generate_series(1, 20000) AS g"
    )
    [walk] = key_walk.walks(own, step(("id",)))
    batch = Ahead(bounds=walk.next(own, None, 100))

    assert walk.rows_per_page > 1
    assert hot_prefill.prepared(own, walk, batch, lambda _: 1) == batch
