"""`zdm pause`: let the run stand still."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached, say


def command(context: typer.Context, database: Database = None) -> None:
    """Let the run stand still.

    `zdm resume` lets it go on.
    The executor stops before its next batch, step or poll, keeps its lock and says who paused
    it. A statement that runs is finished first. An executor that starts later stands still too.
    """
    from zdm.workflows import steer_run

    found = steer_run.pause(wiring.database(wiring.settings(context, database)))
    say(f"asked {', '.join(found)}" if found else "no executor is at work; the next one waits")
    reached("paused")
