"""`zdm resume`: let a paused run go on."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached


def command(context: typer.Context, database: Database = None) -> None:
    """Let a paused run go on, or a backfill exceed its WAL limit.

    Takes back what was asked; the executor goes on within a second.
    Where nothing was asked and a backfill holds for its `wal_limit_gb`, it may exceed it; who
    said so is kept in the journal.
    It starts no executor: where none is at work, run `zdm execute`.
    """
    from zdm.workflows import steer_run

    done = steer_run.resume(wiring.database(wiring.settings(context, database)))
    if done.order is not None:
        reached(f"took back the {done.order.kind}")
    for step in done.exceeding:
        reached(f"{step} may exceed its WAL limit")
    for step in done.held:
        reached(f"{step} still holds for its WAL limit: `zdm resume` again lets it exceed it")
    if done == steer_run.Resumed():
        reached("nothing was asked")
