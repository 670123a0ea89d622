"""What the child says of a failure, as the error that the parent raises.

Imported when there is one: the child begins before what this needs is imported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zdm.errors import InputError
from zdm.model.statement import Source
from zdm.recipes.reading import missing_rights

_REVISION = Source(file="", line=0, column=0, revision="any")  # directives follow `#` there
_BIND = "A value is required for bind parameter"


def raised(failure: Mapping[str, Any], root: Path) -> InputError:
    """The error that the parent raises for a failure of the child."""
    message, hint = failure["message"], failure["hint"]
    kind = failure["kind"]
    place = _shown(failure["file"], root)
    where = f"{place}:{failure['line']}: " if place else ""
    if hint or kind in ("InputError", "CommandError"):
        return InputError(
            f"{where}{message}", hint=hint or "`alembic history` shows what Alembic reads"
        )
    of = f"revision {failure['revision']}" if failure["revision"] else "the Alembic environment"
    if failure["sqlstate"] == missing_rights.MISSING:
        return InputError(
            f"{where}{missing_rights.fact(message)}", hint=missing_rights.remedy(_REVISION)
        )
    return InputError(
        f"{where}{kind}: {message}, so {of} cannot be run",
        hint=_hint(kind, message, withheld=failure["withheld"]),
    )


def _hint(kind: str, message: str, *, withheld: bool) -> str:
    if withheld:
        return missing_rights.after_privileged(_REVISION)
    if "no running event loop" in message:
        return (
            "Alembic runs env.py without an event loop, and so does zdm: start one there with"
            " `asyncio.run(…)`, as Alembic's async template does"
        )
    if (kind, message) == ("KeyError", "'connection'"):
        return (
            "a runner of the project's own gives env.py its connection; let env.py make one"
            ' where `config.attributes.get("connection")` is None'
        )
    if _BIND in message:
        return (
            r"`:name` in the text of op.execute() is a parameter: write `\:` for a plain colon"
        )
    return "run `alembic upgrade` on an empty database to see the whole traceback"


def _shown(file: str, root: Path) -> str:
    if file and Path(file).is_relative_to(root):
        return Path(file).relative_to(root).as_posix()
    return file
