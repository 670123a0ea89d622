"""Several workers on one table: disjoint ranges, each row once, one fence for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import begun, count, fill_request, step, table
from zdm.backfill.pacing import Pacing
from zdm.config import settings as config
from zdm.config.settings import BackfillSettings
from zdm.errors import InputError, RefusedError, StoppedError
from zdm.execute.events import BackfillMeasured, BackfillProgress
from zdm.execute.ports import ConnectionLostError
from zdm.postgres.backfill import engine
from zdm.postgres.journal import runs
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

MANY = 30_000
FOUR = BackfillSettings(workers=4)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def large(own: Connection, columns: str = "id int PRIMARY KEY", values: str = "g") -> None:
    table(own, columns, values, rows_of_it=MANY)


@pytest.mark.parametrize(
    ("columns", "values", "key"),
    [
        ("id int PRIMARY KEY", "g", ("id",)),
        ("a int, b text, PRIMARY KEY (a, b)", "g % 3, 'x' || g", ("a", "b")),
        ('id text COLLATE "POSIX" PRIMARY KEY', "md5(g::text)", ("id",)),
        ("id int", "g", ()),
    ],
    ids=["number", "composite", "collated", "none"],
)
def test_each_row_is_written_once_by_one_of_them(
    own: Connection, columns: str, values: str, key: tuple[str, ...]
) -> None:
    large(own, columns, values)
    events = list(engine.run(fill_request(own, begun(own), step(key), settings=FOUR)))
    ranges = own.execute(
        "SELECT count(*), count(DISTINCT worker) > 1, sum(changed)::int, bool_and(lo < hi)"
        " FROM zdm.backfill_range WHERE sweeps = 0"
    ).fetchone()
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert ranges is not None
    assert ranges[:3] == (16, True, MANY)
    assert measured.changed == MANY
    assert measured.wal_bytes > 100 * MANY


def test_wal_that_several_see_is_counted_once(own: Connection) -> None:
    large(own)
    start = "SELECT pg_current_wal_insert_lsn()::text"
    (before,) = own.execute(start).fetchall()
    filling = engine.run(fill_request(own, begun(own), step(("id",)), settings=FOUR))
    measured = next(e for e in filling if isinstance(e, BackfillMeasured))
    written = own.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s::pg_lsn)", before
    ).fetchone()

    assert written is not None
    assert 0.5 * float(written[0]) < measured.wal_bytes < written[0]


def test_ranges_meet_where_about_as_many_rows_lie_between(own: Connection) -> None:
    large(own)
    list(engine.run(fill_request(own, begun(own), step(("id",)), settings=FOUR)))
    ranges = own.execute(
        "SELECT lo[1]::int, hi[1]::int, scanned FROM zdm.backfill_range ORDER BY id"
    ).fetchall()

    assert [one[1] for one in ranges[:-1]] == [two[0] for two in ranges[1:]]
    assert (ranges[0][0], ranges[-1][1]) == (None, None)
    assert all(MANY / 32 < scanned < MANY / 8 for _, _, scanned in ranges)


def test_a_small_table_is_one_range(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    list(engine.run(fill_request(own, begun(own), step(("id",)), settings=FOUR)))

    assert own.execute("SELECT count(*) FROM zdm.backfill_range").fetchone() == (1,)


def test_workers_of_an_executor_that_lost_the_run_write_no_more(own: Connection) -> None:
    large(own)
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(("id",)), settings=FOUR))
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.001) IS NOT NULL) NOT VALID")  # slowly
    next(filling)
    runs.adopt(own, fence, "somebody else")
    written = count(own, "new IS NOT NULL")
    with pytest.raises(RefusedError, match="somebody else"):
        list(filling)

    assert count(own, "new IS NOT NULL") <= written + 4 * 10_000
    assert count(own, "new IS NULL") > 0


def test_all_are_gone_when_it_is_stopped(own: Connection) -> None:
    large(own)
    fence = begun(own)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.001) IS NOT NULL) NOT VALID")
    filling = engine.run(fill_request(own, fence, step(("id",)), settings=FOUR))
    assert isinstance(next(filling), BackfillProgress)
    names = {
        name
        for (name,) in own.execute(
            "SELECT application_name FROM pg_stat_activity"
            " WHERE application_name LIKE '%worker%' AND datname = current_database()"
        )
    }
    filling.close()  # type: ignore[attr-defined]  # it is a generator
    left = count(own, "new IS NULL")
    own.execute("ALTER TABLE t DROP CONSTRAINT t_check")
    list(engine.run(fill_request(own, fence, step(("id",)), settings=FOUR)))

    assert names == {f"zdm-run:execute/tests/worker-{n}" for n in range(1, 5)}
    assert left > 0
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_one_that_fails_stops_all_and_names_the_row(own: Connection) -> None:
    large(own)
    own.execute("ALTER TABLE t ADD CHECK (new <> 'ROW 29000')")
    fence = begun(own)
    with pytest.raises(StoppedError, match="row with id = 29000 of t"):
        list(engine.run(fill_request(own, fence, step(("id",)), settings=FOUR)))
    attempts = own.execute(
        "SELECT sum(attempts), max(last_error) FROM zdm.backfill_range"
    ).fetchone()

    assert attempts is not None
    assert attempts[0] > 5
    assert "violates check constraint" in attempts[1]


def test_a_worker_that_is_terminated_is_a_lost_connection(own: Connection) -> None:
    large(own)
    fence = begun(own)
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.001) IS NOT NULL) NOT VALID")
    filling = engine.run(fill_request(own, fence, step(("id",)), settings=FOUR))
    next(filling)
    own.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE '%worker-1' AND datname = current_database()"
    )
    with pytest.raises(ConnectionLostError):
        list(filling)
    own.execute("ALTER TABLE t DROP CONSTRAINT t_check")
    again = runs.adopt(own, fence, "tests")
    list(
        engine.run(
            fill_request(own, replace(fence, epoch=again.epoch), step(("id",)), settings=FOUR)
        )
    )

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_more_than_four_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text("[backfill]\nworkers = 5\n")
    with pytest.raises(InputError, match=r"backfill\.workers must be at most 4, not 5"):
        config.load(directory=tmp_path, environ={}, drivers={})


def test_a_paced_backfill_rests_as_long_as_the_settings_want_it(own: Connection) -> None:
    fence, settings = begun(own), BackfillSettings(rest_per_work=3.0)

    assert fill_request(own, fence, step(("id",)), settings=settings).pace.rest_when_busy == 3.0
    full = fill_request(own, fence, step(("id",)), Pacing.FULL, settings)
    assert full.pace == engine.PACES[Pacing.FULL]


@pytest.mark.parametrize("key", [("id",), ()], ids=["key", "pages"])
def test_two_of_them_fill_every_version(every_database: str, key: tuple[str, ...]) -> None:
    with connection.connect(every_database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY" if key else "id int", "g", rows_of_it=25_000)
        two = BackfillSettings(workers=2)
        events = list(engine.run(fill_request(own, begun(own), step(key), settings=two)))
        measured = next(e for e in events if isinstance(e, BackfillMeasured))

        assert count(own, "new IS DISTINCT FROM upper(old)") == 0
        assert (measured.changed, measured.notes) == (25_000, ())
