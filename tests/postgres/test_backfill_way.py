"""The way to the server: no work of its, so a server far away gets batches like one nearby."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.kill_matrix.proxy import Proxy
from tests.postgres.fills import begun, count, job, step, table
from zdm.postgres import backfill, connection
from zdm.postgres.backfill import Pacing
from zdm.postgres.backfill_way import REMEMBERED, Way
from zdm.postgres.connection import Connection

ROWS = 20_000
SMALLEST = 100


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def test_the_shortest_way_of_the_last_batches_is_taken_off() -> None:
    way = Way()
    way.took(0.002)
    way.took(0.040)  # the processor was busy

    assert way.work(0.030, 8) == pytest.approx(0.014)
    for _ in range(REMEMBERED):
        way.took(0.003)
    assert way.work(0.030, 8) == pytest.approx(0.006)


def test_no_batch_takes_less_than_nothing() -> None:
    way = Way()
    way.took(0.010)

    assert way.work(0.015, 8) == 0.0


def test_before_the_first_batch_nothing_is_known_of_the_way() -> None:
    assert Way().work(0.5, 8) == 0.5


def test_batches_of_a_server_far_away_are_not_the_smallest(
    own: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight statements take 80 ms on the way, and a batch is meant to last 5."""
    pace = replace(
        backfill.PACES[Pacing.PACED], target=0.005, first=SMALLEST, smallest=SMALLEST
    )
    monkeypatch.setitem(backfill.PACES, Pacing.PACED, pace)
    table(own, "id int PRIMARY KEY", "g", rows_of_it=ROWS)
    info, sizes = own.info, []
    with closing(Proxy(lambda: int(info.port), delay=0.005)) as proxy:
        far = (
            f"host=127.0.0.1 port={proxy.port} dbname={info.dbname} user={info.user}"
            f" password={info.password}"
        )
        wanted = replace(
            job(own, begun(own), step(("id",))),
            connect=lambda name: connection.connect(far, name=f"execute/tests/{name}"),
        )
        for _ in backfill.run(wanted):
            sizes.append(_size(own))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert max(sizes) > 4 * SMALLEST


def _size(own: Connection) -> int:
    row = own.execute("SELECT coalesce(max(size), 0) FROM zdm.backfill_range").fetchone()
    assert row is not None
    return int(row[0])
