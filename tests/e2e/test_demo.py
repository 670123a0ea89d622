"""The demo itself, on a smaller table: able to fail without zdm, and by pieces with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Recorder
from zdm.config.settings import Settings
from zdm.demo import migrate as demo_migrate
from zdm.demo import run
from zdm.demo.run import DemoOptions, DemoResult, Shop
from zdm.errors import InputError
from zdm.execute.events import RunStopped
from zdm.execute.stop import StopFlag
from zdm.model.release import RunState
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.session import connection
from zdm.workflows import plan_revisions

ROWS = 5000
SEED_EXAMPLE = """
ALTER TABLE users ADD COLUMN new_email varchar(255);
UPDATE users SET new_email = email;
ALTER TABLE users DROP COLUMN email;
"""


def nothing(_: Shop) -> None:
    """No migration."""


def migration(file: Path, *, fuse: bool) -> Callable[[Shop], None]:
    """Plan the seed example, as one operation or piece by piece, and run it."""

    def migrate(shop: Shop) -> None:
        with connection.connect(shop.dsn, name="plan") as session:
            snapshot = read.read(session)
        train = plan_revisions.read_files([str(file)], file.parent)
        classification = classify.classify(train, snapshot, fuse=fuse)
        plan = schedule.plan(
            classification,
            name="rename",
            train=train,
            snapshot=snapshot,
            stamp_when="backfilled",
        )
        demo_migrate.run(plan, shop, Recorder(), StopFlag())

    return migrate


def rename(folder: Path, settings: Settings, *, fuse: bool) -> DemoResult:
    file = folder / "rename.sql"
    file.write_text(SEED_EXAMPLE)
    options = DemoOptions(rows=ROWS, warm_up=1, settings=settings)
    return run.run(options, Recorder(), migration(file, fuse=fuse))


@pytest.mark.more
def test_a_naive_upgrade_costs_requests(hurried: Settings) -> None:
    options = DemoOptions(rows=ROWS, naive=True, warm_up=1, settings=hurried)
    result = run.run(options, Recorder(), nothing)

    assert result.failed_requests > 0
    assert not result.is_clean
    assert any("UndefinedColumn" in failure for failure in result.failures)


def test_the_pending_revisions_are_run_under_traffic_without_a_loss(hurried: Settings) -> None:
    recorder = Recorder()
    options = DemoOptions(rows=ROWS, warm_up=1, settings=hurried)
    result = run.run(options, recorder, demo_migrate.migration(recorder, StopFlag()))

    assert result.is_clean, result.failures
    assert result.rows > ROWS
    assert set(result.reads_by_version) == {"v1", "v2"}
    assert recorder.events[-1] == RunStopped(state=RunState.CONTRACTED)


@pytest.mark.more  # the pending revisions hold the same operation
def test_the_train_planned_as_one_operation_loses_no_write(
    hurried: Settings, tmp_path: Path
) -> None:
    result = rename(tmp_path, hurried, fuse=True)

    assert (result.failed_requests, result.wrong_rows, result.wrong_reads) == (0, 0, 0)
    assert set(result.reads_by_version) == {"v1", "v2"}


@pytest.mark.more
def test_the_train_planned_piece_by_piece_loses_writes(
    hurried: Settings, tmp_path: Path
) -> None:
    result = rename(tmp_path, hurried, fuse=False)

    assert result.wrong_rows > 0
    assert result.wrong_reads > 0


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InputError, match="10 rows are too few for the traffic"):
        run.run(DemoOptions(rows=10), Recorder(), nothing)
