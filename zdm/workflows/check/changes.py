"""Which migrations are new or changed against a reference of git."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from zdm.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Paths from the top of the repository; what is in neither set was released as it is."""

    top: Path
    new: frozenset[Path]
    edited: frozenset[Path]


def since(reference: str, folder: Path) -> Changes:
    """What differs from the point at which the work left the reference."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    if reference.startswith("-"):
        raise _unknown(reference, "it begins with a dash")
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    except InputError as error:
        raise _unknown(reference, "git does not know it") from error
    base = _base(folder, commit.strip())
    listed = _git(top, "diff", "--name-status", "--no-renames", "-z", base).split("\0")
    states = dict(zip(listed[1::2], listed[::2], strict=False))
    others = _git(top, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    new = {name for name, state in states.items() if state == "A"} | set(filter(None, others))
    edited = {name for name, state in states.items() if state in ("M", "T")}
    return Changes(top=top, new=_paths(top, new), edited=_paths(top, edited))


def _base(folder: Path, commit: str) -> str:
    """The common ancestor; with none (a shallow clone), the commit itself."""
    try:
        return _git(folder, "merge-base", commit, "HEAD").strip()
    except InputError:
        return commit


def _paths(top: Path, names: set[str]) -> frozenset[Path]:
    return frozenset((top / name).resolve() for name in names)


def _unknown(reference: str, why: str) -> InputError:
    return InputError(
        f"--since {reference}: {why}, so what changed is not known",
        hint="name a branch, a tag or a commit; in CI, fetch it first",
    )


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise InputError(
            f"git cannot be run ({error.strerror}), so what changed is not known",
            hint="install git, or leave out --since",
        ) from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            f"git {arguments[0]} failed: {words[0] if words else 'no reason is given'}",
            hint="run zdm inside the repository that holds the migrations",
        )
    return done.stdout.decode(errors="surrogateescape")
