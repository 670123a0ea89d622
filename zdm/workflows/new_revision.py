"""Create a revision with Alembic itself, in a child process of its own."""

from collections.abc import Mapping

from zdm.config import Settings
from zdm.errors import InputError
from zdm.revisions.session import Project, Session


def run(settings: Settings, environ: Mapping[str, str], message: str, head: str | None) -> str:
    """The path of the new file."""
    if settings.alembic is None:
        raise InputError(
            "no Alembic environment is set, so there is nowhere to create a revision",
            hint="set `[alembic] ini` in zdm.toml, or make one with `alembic init migrations`",
        )
    project = Project(ini=settings.alembic.ini, root=settings.root, environ=environ)
    with Session(project) as session:
        return str(session.ask("create", message=message, head=head)["file"])
