"""`zdm approve`: end the revert window before its time."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached


def command(context: typer.Context, database: Database = None) -> None:
    """End the revert window before its time.

    Then the contract of the unfinished run may begin.
    Who said so is kept in the journal. The executor that waits goes on within a second; where
    none is at work, run `zdm execute`.
    """
    from zdm.workflows import steer_run

    ended = steer_run.approve(wiring.database(wiring.settings(context, database)))
    reached(f"the revert window ended at {ended:%Y-%m-%d %H:%M:%S %Z}")
