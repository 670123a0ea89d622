"""`zdm resume`: resume a paused run."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached


def command(context: typer.Context, database: Database = None) -> None:
    """Resume a paused run, or let a backfill exceed its WAL limit.

    Withdraws a pause or cancel; the executor continues within a second. If there is none, and a
    backfill is paused by its `wal_limit_gb`, the backfill may exceed the limit; the journal
    records who allowed it. This does not start an executor: if none is running, run
    `zdm execute`.
    """
    from zdm.workflows import steer_run

    done = steer_run.resume(wiring.database(wiring.settings(context, database)))
    if done.order is not None:
        reached(f"withdrew the {done.order.kind}")
    for step in done.exceeding:
        reached(f"{step} may exceed its WAL limit")
    for step in done.held:
        reached(f"{step} is still paused by its WAL limit: run `zdm resume` again to exceed it")
    if done == steer_run.Resumed():
        reached("nothing to resume")
