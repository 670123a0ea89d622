"""`zdm resume`: let a paused run go on."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database


def command(context: typer.Context, database: Database = None) -> None:
    """Let a paused run go on.

    Takes back what was asked; the executor goes on within a second.
    It starts no executor: where none is at work, run `zdm execute`.
    """
    from zdm.workflows import steer_run

    order = steer_run.resume(wiring.database(wiring.settings(context, database)))
    typer.echo("nothing was asked" if order is None else f"took back the {order.kind}")
