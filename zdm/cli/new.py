"""`zdm new`: a revision, as Alembic itself creates it."""

from typing import Annotated

import typer

from zdm.cli import options, wiring


def command(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="What the revision does.", metavar="MESSAGE")],
    head: Annotated[
        str | None, typer.Option(help="The head to go on from, where there are several.")
    ] = None,
) -> None:
    """Create a revision (Alembic's own) in the environment that zdm.toml names."""
    file = wiring.create_revision(wiring.settings(context), message, head)
    typer.echo(file)
    options.say("fill in upgrade() and plan it: zdm plan")
