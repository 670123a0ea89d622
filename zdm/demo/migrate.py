"""The demo's migration as a person would run it: `zdm plan`, then `zdm execute`."""

from contextlib import closing

from msgspec.structs import replace

from zdm.backfill.pacing import Pacing
from zdm.demo.run import Migrate, Shop
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Observer
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.postgres.run.database import PostgresDatabase
from zdm.workflows import execute_plan, live_database, plan_revisions, record_train
from zdm.workflows.execute_plan import Goal
from zdm.workflows.plan_revisions import PlanRequest, Sources


def migration(observer: Observer, stop: StopFlag) -> Migrate:
    """Plan what is pending in the shop's database, and run it while the shop serves."""

    def migrate(shop: Shop) -> None:
        shop.watcher.stage("`zdm plan`: the pending revisions become one plan")
        plan = pending(shop)
        meant = ", ".join(operation.title for operation in plan.operations)
        shop.watcher.stage(f"`zdm execute`: {meant}")
        run(plan, shop, observer, stop)

    return migrate


def pending(shop: Shop) -> Plan:
    """The plan of what is pending in the shop's database."""
    settings = replace(shop.settings, database=shop.dsn)

    def record(targets: tuple[str, ...], snapshot: Snapshot | None) -> tuple[Train, Snapshot]:
        return record_train.run(settings, targets, snapshot)

    sources = Sources(live=lambda: live_database.schema(shop.dsn), record=record)
    request = PlanRequest(root=settings.root, stamp=settings.stamp)
    return plan_revisions.run(request, sources).plan


def run(
    plan: Plan, shop: Shop, observer: Observer, stop: StopFlag, until: str = "contracted"
) -> None:
    """Run a plan on the shop."""
    clock = SystemClock()
    with closing(PostgresDatabase(shop.dsn, clock, stop, Pacing.PACED)) as database:
        world = World(
            database=database,
            platform=shop.platform,
            observer=observer,
            clock=clock,
            stop=stop,
        )
        options = execute_plan.options(shop.settings, Goal(until=until))
        execute_plan.run(plan, world, options)
