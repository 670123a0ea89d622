"""What went wrong in the child, with its place in the author's files, as plain data."""

import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_LIBRARIES = tuple(
    Path(sysconfig.get_path(name)).absolute() for name in ("stdlib", "purelib", "platlib")
)
_HERE = Path(__file__).parent


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
