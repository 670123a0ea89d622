"""`zdm pause`: pause the run."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached, say


def command(context: typer.Context, database: Database = None) -> None:
    """Pause the run, until `zdm resume`.

    The executor finishes the current statement, waits before its next batch, step or poll,
    keeps its lock and shows who paused it. An executor that starts later waits, too.
    """
    from zdm.workflows import steer_run

    found = steer_run.pause(wiring.database(wiring.settings(context, database)))
    say(
        f"sent to {', '.join(found)}"
        if found
        else "no executor is running; the next one will wait"
    )
    reached("paused")
