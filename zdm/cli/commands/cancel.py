"""`zdm cancel`: stop the executor and leave the run as it is."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached, say


def command(context: typer.Context, database: Database = None) -> None:
    """Stop the executor; the run can be resumed later.

    The executor stops before its next batch, step or poll and exits with 75. A long statement
    (CONCURRENTLY, VALIDATE) is cancelled, and what it left behind is removed. Nothing else is
    undone: use `zdm rollback` for that, or continue the run with `zdm execute`.
    """
    from zdm.workflows import steer_run

    found = steer_run.cancel(wiring.database(wiring.settings(context, database)))
    say(f"sent to {', '.join(found)}")
    reached("cancelled")
