"""`zdm schema`: the JSON schema of plan files, for editors and reviewers' tools."""

import typer


def command() -> None:
    """Print the JSON schema of plan files."""
    import json

    from zdm import planfile

    typer.echo(json.dumps(planfile.schema(), indent=2))
