"""The Alembic project as `zdm plan` and a running application would find it.

The revisions are loaded by the project's own Python, without running env.py. Its text must
name the guard: a plain `alembic upgrade` in the middle of a run would do the contract
(measured). Programs that are started with the application must not migrate at all.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.execute import starting
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.revisions import graph
from zdm.revisions.child_process import Child, project
from zdm.revisions.graph import History

_GUARD = re.compile(r"\bzdm\.revisions\.env\b[\s\S]*\bguard\(")
_STARTERS = ("Dockerfile*", "*.Dockerfile", "Procfile", "*compose*.y*ml", "*.sh", "bin/*.sh")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def examine(settings: Settings) -> tuple[Diagnosis, ...]:
    """Every check of the project's files; none where it has no Alembic environment."""
    if settings.alembic is None:
        return (diagnosis.ok("alembic", "no Alembic environment is set"),)
    try:
        with Child(project(settings, os.environ)) as child:
            history = graph.history(child)
    except InputError as error:
        return (diagnosis.failed("alembic", error.message, error.hint),)
    return (
        _loaded(history),
        _guarded(history, settings.root),
        starts(settings.root),
    )


def _loaded(history: History) -> Diagnosis:
    heads = ", ".join(history.heads) or "none"
    return diagnosis.ok("alembic", f"{len(history.revisions)} revisions, head {heads}")


def _guarded(history: History, root: Path) -> Diagnosis:
    """`others` are env.py and what lies beside it."""
    files = [root / path for path, _ in history.others if path.endswith(".py")]
    texts = [
        _COMMENT.sub("", file.read_text(encoding="utf-8", errors="replace")) for file in files
    ]
    if any(_GUARD.search(text) for text in texts):
        return diagnosis.ok("env.py guard", "env.py refuses Alembic in the middle of a run")
    return diagnosis.warning(
        "env.py guard",
        "env.py has no guard, so a plain `alembic upgrade` in the middle of a run would do the"
        " contract while the old version runs",
        "in env.py: `from zdm.revisions.env import guard`, and `guard(context)` after"
        " context.configure()",
    )


def starts(root: Path) -> Diagnosis:
    """Files of the project's folder that start programs."""
    found = [file.relative_to(root).as_posix() for file in _starters(root)]
    if not found:
        return diagnosis.ok("migrating at start", "no Dockerfile or script here runs Alembic")
    return diagnosis.warning(
        "migrating at start",
        f"{', '.join(found)} runs `alembic upgrade`: every restart of the application would"
        " migrate, and in the middle of a run the guard in env.py would stop it",
        "take the upgrade out of what starts the application; old images that only compare"
        ' heads need stamp = "after_contract" in zdm.toml',
    )


def _starters(root: Path) -> Iterator[Path]:
    files = {file for pattern in _STARTERS for file in root.glob(pattern) if file.is_file()}
    for file in sorted(files):
        if starting.migrates(file.read_text(encoding="utf-8", errors="replace")):
            yield file
