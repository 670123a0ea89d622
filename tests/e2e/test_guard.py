"""A plain Alembic in the middle of a run: refused, and quiet about the run's own objects."""

import psycopg
import pytest

from tests.e2e.conftest import Database, Recorder
from zdm.config.settings import Settings
from zdm.demo import migrate, run
from zdm.demo.run import Shop
from zdm.errors import ZdmError
from zdm.execute.stop import StopFlag
from zdm.rollout.local.driver import Local
from zdm.rollout.local.settings import LocalWorkload


@pytest.fixture
def shop(database: Database, hurried: Settings) -> Shop:
    """The shop's database before the pending revisions; no process runs."""
    workload = hurried.of_driver(LocalWorkload)
    assert workload is not None
    platform = Local(workload=workload)
    return Shop(settings=hurried, dsn=database("0004"), platform=platform, watcher=Recorder())


def revision(shop: Shop) -> str:
    with psycopg.connect(shop.dsn) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def test_plain_alembic_is_refused_in_the_middle_of_a_run(shop: Shop) -> None:
    plan = migrate.pending(shop)
    migrate.run(plan, shop, Recorder(), StopFlag(), until="expanded")

    for command in ("upgrade head", "downgrade -1", "stamp head"):
        with pytest.raises(ZdmError, match=f"`alembic {command}` failed: .*{plan.name}"):
            run.alembic(shop.settings, shop.dsn, *command.split())
    assert revision(shop) == "0004"


def test_plain_alembic_is_let_through_where_no_run_is_unfinished(shop: Shop) -> None:
    run.alembic(shop.settings, shop.dsn, "upgrade", "head")

    assert revision(shop) == "0007"


def test_autogenerate_proposes_nothing_while_a_run_is_unfinished(shop: Shop) -> None:
    plan = migrate.pending(shop)
    migrate.run(plan, shop, Recorder(), StopFlag(), until="backfilled")

    assert revision(shop) == "0007"
    run.alembic(shop.settings, shop.dsn, "check")
