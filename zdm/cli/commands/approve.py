"""`zdm approve`: end the revert window early."""

import typer

from zdm.cli import wiring
from zdm.cli.options import Database, reached


def command(context: typer.Context, database: Database = None) -> None:
    """End the revert window early.

    The unfinished run may then contract. The journal records who approved it. An executor that
    is waiting continues within a second; if none is running, run `zdm execute`.
    """
    from zdm.workflows import steer_run

    ended = steer_run.approve(wiring.database(wiring.settings(context, database)))
    reached(f"the revert window ended at {ended:%Y-%m-%d %H:%M:%S %Z}")
