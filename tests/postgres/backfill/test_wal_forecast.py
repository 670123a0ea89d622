"""What a backfill is going to cost is foretold from what it measured, and may need a word."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import ROWS, begun, count, fill_request, step, table
from zdm.backfill.tuning import Tuning
from zdm.config import settings as config
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.errors import InputError
from zdm.execute.events import BackfillMeasured, BackfillProgress, Expected, Hold, Suspicious
from zdm.model.plan import Cost
from zdm.postgres.backfill import engine, wal_forecast
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.backfill.wal_forecast import Spent
from zdm.postgres.journal import orders
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.workflows import steer_run

PLANNED = Cost(rows=1000, wal_bytes=1_000_000)
SPENT = Spent(scanned=500, changed=250, wal=600_000, estimate=2000, batches=20)
SOON = BackfillGates(poll=timedelta(milliseconds=50))
LITTLE = BackfillSettings(wal_limit_gb=0.0001, gates=SOON)  # 100 kB: one batch writes more
DBA = "dba@host"


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def test_the_cost_of_all_rows_follows_from_those_that_were_looked_at() -> None:
    assert wal_forecast.expected(PLANNED, SPENT) == Expected(
        rows=1000, wal_bytes=2_400_000, planned_rows=1000, planned_wal_bytes=1_000_000
    )


@pytest.mark.parametrize(
    "spent",
    [replace(SPENT, batches=19), replace(SPENT, estimate=None), replace(SPENT, scanned=0)],
    ids=["few batches", "rows unknown", "nothing seen"],
)
def test_nothing_is_foretold_too_early(spent: Spent) -> None:
    assert wal_forecast.expected(PLANNED, spent) is None


def test_what_was_written_is_never_foretold_as_less() -> None:
    over = wal_forecast.expected(PLANNED, replace(SPENT, scanned=4000, changed=9))

    assert over is not None
    assert (over.rows, over.wal_bytes) == (9, 600_000)


@pytest.mark.parametrize(
    ("rows", "wal", "said"),
    [
        (1000, 2_000_000, ""),
        (500, 500_000, ""),
        (1000, 3 << 20, "it will write 3.1 MB of WAL, and 1.0 MB was planned"),
        (1000, 400_000, "it will write 400 kB of WAL, and 1.0 MB was planned"),
        (2001, 1_000_000, "it will write 2,001 rows, and 1,000 were planned"),
    ],
)
def test_a_plan_that_was_more_than_twice_off_is_said(rows: int, wal: int, said: str) -> None:
    seen = Expected(
        rows=rows, wal_bytes=wal, planned_rows=1000, planned_wal_bytes=PLANNED.wal_bytes
    )

    assert wal_forecast.surprise(seen) == said


def slow(own: Connection, settings: BackfillSettings) -> tuple[FillRequest, Fence]:
    """A job of three batches of about a second."""
    table(own, "id int PRIMARY KEY", "g")
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.0005) IS NOT NULL) NOT VALID")
    fence = begun(own)
    wanted = replace(step(("id",)), cost=Cost(rows=ROWS, wal_bytes=20_000))
    tuning = Tuning(forecast_every=timedelta(0), forecast_after=1)
    return replace(fill_request(own, fence, wanted, settings=settings), tuning=tuning), fence


def test_a_plan_that_is_far_off_is_warned_of_once_while_it_runs(own: Connection) -> None:
    wanted, fence = slow(own, BackfillSettings(gates=SOON))
    events = list(engine.run(wanted))
    warned = [n for n, e in enumerate(events) if isinstance(e, Suspicious)]
    progress = [e for e in events if isinstance(e, BackfillProgress) and e.expected]
    (kept,) = wal_forecast.recorded(own, fence.run)

    assert len(warned) == 1
    assert warned[0] < next(
        n for n, e in enumerate(events) if isinstance(e, BackfillProgress) and e.verifying
    )
    assert progress[0].expected is not None
    assert progress[0].expected.planned_wal_bytes == 20_000
    assert 0.5 * ROWS < progress[0].expected.rows < 2 * ROWS
    assert (kept.planned_wal, kept.expected_rows, kept.holds) == (20_000, ROWS, False)
    assert kept.expected_wal > 100_000


def until_held(wanted: FillRequest) -> Hold:
    """Run it until it holds for its budget, and stop it there."""
    with closing(engine.run(wanted)) as events:  # type: ignore[type-var]  # a generator
        return next(
            hold
            for event in events
            if isinstance(event, BackfillProgress)
            for hold in event.holds
            if hold.gate == "budget"
        )


def test_above_the_limit_it_holds_until_the_operator_lets_it_exceed_it(
    own: Connection, database: str
) -> None:
    wanted, fence = slow(own, LITTLE)
    answers: list[steer_run.Resumed] = []
    seen: list[BackfillProgress] = []
    events = []
    for event in engine.run(wanted):
        events.append(event)
        if isinstance(event, BackfillProgress) and event.holds:
            seen.append(event)
            if len(seen) == 6:
                assert count(own, "new IS NULL") > 0
                orders.give(own, "pause", DBA)
                answers = [steer_run.resume(database), steer_run.resume(database)]
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert seen[0].holds[0].reason.endswith("of WAL (limit 100 kB); `zdm resume` approves it")
    assert seen[3].scanned == seen[5].scanned  # nothing began
    assert (answers[0].order is not None, answers[0].held) == (True, ("backfill-1",))
    assert (answers[1].order, answers[1].exceeding) == (None, ("backfill-1",))
    assert dict(measured.held)["budget"] > timedelta(0)
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    (kept,) = wal_forecast.recorded(own, fence.run)
    assert kept.approved_by is not None
    assert orders.acts(own, fence.run)[-1][2] == "approved backfill-1 above its WAL limit"


def test_it_holds_again_at_once_after_it_was_stopped_and_a_higher_limit_frees_it(
    own: Connection,
) -> None:
    # one batch writes less, all of them more
    wanted, fence = slow(own, BackfillSettings(wal_limit_gb=0.0004, gates=SOON))
    until_held(wanted)
    before = count(own, "new IS NOT NULL")
    again = until_held(wanted)

    assert count(own, "new IS NOT NULL") == before
    assert again.value is not None
    assert again.limit is not None
    assert again.value > again.limit
    assert wal_forecast.holding(own, fence.run) == ("backfill-1",)
    list(engine.run(replace(wanted, settings=BackfillSettings(wal_limit_gb=1.0))))
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_a_limit_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text("[backfill]\nwal_limit_gb = 0\n")
    with pytest.raises(InputError, match=r"wal_limit_gb must be at least 0\.001, not 0"):
        config.load(directory=tmp_path, environ={}, drivers={})
