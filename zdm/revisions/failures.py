"""What went wrong in the child, with its place in the author's files: plain data, and back."""

import sysconfig
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zdm.errors import InputError
from zdm.model.statement import Source
from zdm.recipes.reading import missing_rights

_LIBRARIES = tuple(
    Path(sysconfig.get_path(name)).absolute() for name in ("stdlib", "purelib", "platlib")
)
_HERE = Path(__file__).parent
_REVISION = Source(file="", line=0, column=0, revision="any")  # directives follow `#` there
_BIND = "A value is required for bind parameter"


def described(error: BaseException, folders: Sequence[Path]) -> dict[str, Any]:
    """The exception's kind and text, and the innermost place in a file of the author's."""
    inner = getattr(error, "orig", None) or error
    frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(inner, SyntaxError) and inner.filename:
        frames.append((inner.filename, inner.lineno))
    file, line = _place(frames, folders)
    return {
        "kind": type(inner).__name__,
        "message": _first_lines(inner.msg if isinstance(inner, SyntaxError) else str(inner)),
        "file": file,
        "line": line,
        "hint": "",
        "sqlstate": getattr(inner, "sqlstate", None) or getattr(inner, "pgcode", None) or "",
    }


def _place(
    frames: Sequence[tuple[str, int | None]], folders: Sequence[Path]
) -> tuple[str, int]:
    """The innermost frame in the environment's folders, else in any file of the author's."""
    found = [(Path(f).absolute(), line or 1) for f, line in frames if not f.startswith("<")]
    near = [
        item for item in found if any(item[0].is_relative_to(f.absolute()) for f in folders)
    ]
    own = [item for item in found if not _foreign(item[0])]
    for file, line in reversed(near or own):
        return str(file), line
    return "", 0


def _foreign(file: Path) -> bool:
    if file.is_relative_to(_HERE) or "site-packages" in file.parts:
        return True
    return any(file.is_relative_to(library) for library in _LIBRARIES)


def _first_lines(text: str) -> str:
    return " ".join(line.strip() for line in text.strip().splitlines()[:2])


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
