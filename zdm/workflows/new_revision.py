"""Create a revision with Alembic itself, in a child process of its own."""

from collections.abc import Mapping

from zdm.config.settings import Settings
from zdm.revisions.child_process import Child, project


def run(settings: Settings, environ: Mapping[str, str], message: str, head: str | None) -> str:
    """The path of the new file."""
    with Child(project(settings, environ)) as child:
        return str(child.ask("create", message=message, head=head)["file"])
