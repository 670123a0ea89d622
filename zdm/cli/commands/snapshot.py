"""`zdm snapshot`: the schema as a file, so that a check of a pull request needs no database."""

from pathlib import Path
from typing import Annotated

import typer

from zdm.cli import options, wiring
from zdm.cli.options import Database


def command(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write, instead of stdout."
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Write the database's schema to a file.

    The file holds names, types, definitions, estimated sizes and Alembic's heads, but no rows.
    With it, `zdm plan --snapshot FILE` needs no database.
    """
    from zdm.serialize import snapshot_file
    from zdm.workflows import plan_files

    text = snapshot_file.dumps(wiring.live_schema(wiring.settings(context, database)))
    if output is None:
        typer.echo(text, nl=False)
        return
    plan_files.write(output, text)
    options.say(f"{output} written")
