"""`zdm new`: a revision, as Alembic itself creates it."""

import os
from typing import Annotated

import typer

from zdm.cli import options, wiring


def command(
    context: typer.Context,
    message: Annotated[
        str, typer.Argument(help="Description of the revision.", metavar="MESSAGE")
    ],
    head: Annotated[
        str | None, typer.Option(help="The head to build on, if there are several.")
    ] = None,
) -> None:
    """Create an Alembic revision in the environment that zdm.toml names."""
    from zdm.workflows import new_revision

    file = new_revision.run(wiring.settings(context), os.environ, message, head)
    options.reached(str(file))
    options.say("fill in upgrade() and plan it: zdm plan")
