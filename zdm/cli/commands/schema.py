"""`zdm schema`: the JSON schema of plan files, for editors and reviewers' tools."""

import typer


def command() -> None:
    """Print the JSON schema of plan files."""
    import json

    from zdm.serialize import plan_file

    typer.echo(json.dumps(plan_file.schema(), indent=2))
