"""`zdm cancel`: end the executor at work, and leave the run as it stands."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached, say


def command(context: typer.Context, database: Database = None) -> None:
    """End the executor at work; the run can go on later.

    It exits with 75, at a safe place.
    It ends before its next batch, step or poll. A long statement (CONCURRENTLY, VALIDATE) is
    cancelled, and what it left is removed. Nothing is undone: that is `zdm rollback`.
    """
    from zdm.workflows import steer_run

    found = steer_run.cancel(wiring.database(wiring.settings(context, database)))
    say(f"asked {', '.join(found)}")
    reached("cancelled")
