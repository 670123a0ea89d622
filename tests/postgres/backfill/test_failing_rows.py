"""Rows that cannot be filled: all of them are named, the others are filled first."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import ROWS, begun, count, fill_request, step, table
from tests.unit import plans
from zdm.backfill.pacing import Pacing
from zdm.backfill.tuning import Tuning
from zdm.cli.commands import status as cli
from zdm.config import settings as config
from zdm.config.settings import BackfillSettings
from zdm.errors import InputError, StoppedError
from zdm.model.plan import Backfill
from zdm.postgres.backfill import engine
from zdm.postgres.backfill import failing_rows as backfill_failing
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.serialize import plan_file
from zdm.workflows import read_status

DIVIDES = "CASE WHEN old = 'x' THEN (1 / (id - id))::text ELSE old END"
SLEEPS = "CASE WHEN old = 'x' THEN pg_sleep(60)::text ELSE upper(old) END"
HASTY = Tuning(statement_timeout=timedelta(milliseconds=200))
TWO = (1777, 2400)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def spoil(own: Connection, *ids: int) -> None:
    own.execute("UPDATE t SET old = 'x' WHERE id = ANY (%s)", (list(ids),))


def correct(own: Connection) -> None:
    own.execute("UPDATE t SET old = 'correct' WHERE old = 'x'")


def run(
    own: Connection,
    fence: Fence,
    wanted: Backfill,
    failing_rows: int,
    pacing: Pacing = Pacing.PACED,
) -> None:
    list(engine.run(made(own, fence, wanted, failing_rows, pacing)))


def made(
    own: Connection, fence: Fence, wanted: Backfill, failing_rows: int, pacing: Pacing
) -> FillRequest:
    settings = BackfillSettings(failing_rows=failing_rows)
    return fill_request(own, fence, wanted, pacing, settings)


def named(own: Connection, fence: Fence) -> list[str]:
    return [row.key for row in backfill_failing.recorded(own, fence.run)]


@pytest.mark.parametrize("pacing", Pacing)
def test_all_failing_rows_are_named_and_the_others_are_filled(
    own: Connection, pacing: Pacing
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    spoil(own, *TWO)
    fence = begun(own)
    wanted = step(("id",), DIVIDES)
    with pytest.raises(StoppedError) as raised:
        run(own, fence, wanted, 10, pacing)
    seen = named(own, fence)
    left = count(own, "new IS NULL")
    passes = own.execute("SELECT count(*) FROM zdm.backfill_pass").fetchone()
    correct(own)
    own.execute("UPDATE zdm.backfill_range SET changed = 0")
    run(own, fence, wanted, 10, pacing)
    differing = own.execute("SELECT max(differing) FROM zdm.backfill_pass").fetchone()

    assert raised.value.message == (
        "backfill-1: 2 rows of t cannot be filled: id = 1777 of t (division by zero);"
        " id = 2400 of t (division by zero)"
    )
    assert seen == ["id = 1777", "id = 2400"]
    assert left == 2
    assert passes == (0,)  # nothing was said to be verified
    assert count(own, "new IS DISTINCT FROM old") == 0
    assert own.execute("SELECT sum(changed)::int FROM zdm.backfill_range").fetchone() == (2,)
    assert named(own, fence) == []
    assert differing == (0,)  # they were filled again, not found again


def test_it_stops_at_once_where_as_many_fail_as_are_wanted(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("UPDATE t SET old = 'x' WHERE id > 500")
    fence = begun(own)
    with pytest.raises(StoppedError, match="3 rows of t cannot be filled: id = 501 of t"):
        run(own, fence, step(("id",), DIVIDES), 3)

    assert named(own, fence) == ["id = 503", "id = 501", "id = 502"]
    assert count(own, "new IS NOT NULL") == 500
    correct(own)
    run(own, fence, step(("id",), DIVIDES), 3)
    assert count(own, "new IS DISTINCT FROM old") == 0


def test_a_row_that_still_fails_is_named_again(own: Connection) -> None:
    table(own, "a int, b int, PRIMARY KEY (a, b)", "g % 2, g")
    own.execute("ALTER TABLE t ADD CHECK (new NOT IN ('ROW 9', 'ROW 2500'))")
    fence = begun(own)
    for _ in range(2):
        with pytest.raises(StoppedError, match=r"2 rows of t .*\(a, b\) = 0, 2500 of t"):
            run(own, fence, step(("a", "b")), 10)
    own.execute("UPDATE t SET old = 'correct' WHERE b = 2500")
    with pytest.raises(StoppedError, match=r"1 row of t .*: \(a, b\) = 1, 9 of t \(new row"):
        run(own, fence, step(("a", "b")), 10)

    assert named(own, fence) == ["(a, b) = 1, 9"]


def test_a_table_without_key_is_filled_but_for_the_pages_of_such_rows(own: Connection) -> None:
    table(own, "id int", "g")
    fence = begun(own)
    wanted = step((), DIVIDES.replace("old = 'x'", "id IN (1, 2500) AND old LIKE 'row%'"))
    with pytest.raises(StoppedError, match=r"2 rows of t cannot be filled: ctid = \("):
        run(own, fence, wanted, 10)
    left = count(own, "new IS NULL")
    own.execute("UPDATE t SET old = 'correct' WHERE id IN (1, 2500)")
    run(own, fence, wanted, 10)

    assert 2 <= left < 600  # each page holds about 150
    assert count(own, "new IS DISTINCT FROM old") == 0


@pytest.mark.parametrize("pacing", Pacing)
def test_a_slow_row_is_set_aside_and_its_range_is_split_for_the_rest(
    own: Connection, pacing: Pacing
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    spoil(own, 77)
    fence = begun(own)
    wanted = replace(step(("id",), SLEEPS), differs="new IS NULL")
    with pytest.raises(StoppedError, match=r"1 row of t .*id = 77 of t .*statement timeout"):
        list(engine.run(replace(made(own, fence, wanted, 10, pacing), tuning=HASTY)))
    ranges = own.execute(
        "SELECT lo[1]::int, hi[1]::int, state, estimate, scanned FROM zdm.backfill_range"
        " WHERE sweeps = 0 ORDER BY id"
    ).fetchall()
    left = count(own, "new IS NULL")
    correct(own)
    run(own, fence, wanted, 10)

    (first, second) = ranges
    cut = first[1]
    assert 77 <= cut <= 1250
    assert first == (None, cut, "filled", cut, cut)
    assert second == (cut, None, "filled", ROWS - cut, ROWS - cut)
    assert left == 1
    assert count(own, "new IS NULL") == 0


def test_several_workers_share_what_is_split_off(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g", rows_of_it=30_000)
    spoil(own, 77, 20_000)
    fence = begun(own)
    wanted = replace(step(("id",), SLEEPS), differs="new IS NULL")
    settings = BackfillSettings(workers=2, failing_rows=10)
    with pytest.raises(StoppedError, match="2 rows of t cannot be filled"):
        list(
            engine.run(
                replace(fill_request(own, fence, wanted, settings=settings), tuning=HASTY)
            )
        )
    ranges = own.execute(
        "SELECT lo[1]::int, hi[1]::int FROM zdm.backfill_range WHERE sweeps = 0"
        " ORDER BY 1 NULLS FIRST"
    ).fetchall()

    assert len(ranges) >= 10  # eight, and two that were split off
    assert [one[1] for one in ranges[:-1]] == [two[0] for two in ranges[1:]]
    assert count(own, "new IS NULL") == 2


def test_status_names_them(own: Connection, database: str) -> None:
    table(own, "id int PRIMARY KEY", "g")
    spoil(own, *TWO)
    fence = begun(own)
    wanted = replace(step(("id",), DIVIDES))
    with pytest.raises(StoppedError):
        run(own, fence, wanted, 2)
    plan = replace(plans.plan(), steps=(wanted,))
    own.execute("UPDATE zdm.run SET plan = %s", (plan_file.dumps(plan),))
    status = read_status.read(database)

    assert status is not None
    assert "\n      ! id = 1777 of t (division by zero)\n" in cli.text(status)
    assert [row["key"] for row in cli.plain(status)["failing_rows"]] == [
        "id = 2400",
        "id = 1777",
    ]


def test_an_older_journal_learns_of_them(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    spoil(own, *TWO)
    fence = begun(own)
    own.execute("ALTER TABLE zdm.backfill_range DROP COLUMN failing_key")
    own.execute("ALTER TABLE zdm.backfill_range DROP CONSTRAINT backfill_range_state_check")
    own.execute(
        "ALTER TABLE zdm.backfill_range ADD CONSTRAINT backfill_range_state_check"
        " CHECK (state IN ('waiting', 'filling', 'filled', 'verified'))"
    )
    own.execute("DROP TABLE zdm.backfill_cost; UPDATE zdm.journal SET version = 3")
    runs.make(own)
    with pytest.raises(StoppedError, match="2 rows of t cannot be filled"):
        run(own, fence, step(("id",), DIVIDES), 10)


def test_no_failing_row_cannot_be_wanted(tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text("[backfill]\nfailing_rows = 0\n")
    with pytest.raises(InputError, match="failing_rows must be at least 1"):
        config.load(directory=tmp_path, environ={}, drivers={})
