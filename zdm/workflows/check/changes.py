"""Which migrations are new, changed or gone against a reference of git."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from zdm.errors import InputError
from zdm.serialize import input_file


class Changes(Struct, frozen=True, kw_only=True):
    """Names are those of git, from the top of the repository. What was not released is new,
    also if git ignores it or it is outside of the repository."""

    top: Path
    base: str  # the commit that was released
    released: frozenset[str]
    edited: frozenset[str]
    gone: frozenset[str]

    def is_new(self, path: Path) -> bool:
        """Whether the file, or the one that the link leads to, was not released."""
        return not self.released.issuperset(self._names(path))

    def is_edited(self, path: Path) -> bool:
        """Whether it was released with another content."""
        return not self.edited.isdisjoint(self._names(path))

    def lost(self, folder: Path) -> Iterator[tuple[Path, bytes]]:
        """Released files of a folder that are not there any more, with their content."""
        whole = folder.resolve()
        for name in sorted(self.gone):
            place = self.top / name
            if place.is_relative_to(whole):
                yield folder / place.relative_to(whole), _content(self.top, self.base, name)

    def _names(self, path: Path) -> Iterator[str]:
        for place in {path.parent.resolve() / path.name, path.resolve()}:
            inside = place.is_relative_to(self.top)
            yield (place.relative_to(self.top) if inside else place).as_posix()


def since(reference: str, folder: Path) -> Changes:
    """What differs from the point at which the work left the reference."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n")).resolve()
    if not reference.strip():
        raise InputError(
            "--since is empty, so what changed is not known",
            hint="name a branch, a tag or a commit; a variable of the CI may not be set",
        )
    if reference.startswith("-"):
        raise _unknown(reference, "it begins with a dash")
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    except InputError as error:
        shallow = _is_shallow(folder)
        why = "this shallow clone does not hold it" if shallow else "git does not know it"
        raise _unknown(reference, why, shallow=shallow) from error
    base = _base(folder, reference, commit.strip())
    listed = _git(top, *_DIFF, "--name-status", "-z", base).split("\0")
    states = dict(zip(listed[1::2], listed[::2], strict=False))
    counts = _git(top, *_DIFF, "--numstat", "-z", base).split("\0")
    same = {line.removeprefix(_SAME) for line in counts if line.startswith(_SAME)}
    edited = {name for name, state in states.items() if state in "MT"} - same
    gone = {name for name, state in states.items() if state == "D"}
    kept = {name for name in gone if input_file.is_file(top / name)}  # git does not track it
    edited |= {n for n in kept if input_file.read(top / n) != _content(top, base, n)}
    return Changes(
        top=top,
        base=base,
        released=frozenset(_git(top, "ls-tree", "-r", "--name-only", "-z", base).split("\0")),
        edited=frozenset(edited),
        gone=frozenset(gone - kept),
    )


_SAME = "0\t0\t"  # no line: only the mode is another
_DIFF = ("diff", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv")


def _content(top: Path, commit: str, name: str) -> bytes:
    return _git(top, "cat-file", "blob", f"{commit}:{name}").encode(errors="surrogateescape")


def _base(folder: Path, reference: str, commit: str) -> str:
    """The common ancestor; with none, the commit itself, unless the clone is shallow."""
    try:
        return _git(folder, "merge-base", commit, "HEAD").strip()
    except InputError as error:
        if _is_shallow(folder):
            why = "this shallow clone does not hold the commit at which the work left it"
            raise _unknown(reference, why, shallow=True) from error
        return commit


def _is_shallow(folder: Path) -> bool:
    return _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"


def _unknown(reference: str, why: str, *, shallow: bool = False) -> InputError:
    return InputError(
        f"--since {reference}: {why}, so what changed is not known",
        hint=_WHOLE if shallow else "name a branch, a tag or a commit; in CI, fetch it first",
    )


_WHOLE = (
    "run `git fetch --unshallow`; in CI, check out the whole history: `fetch-depth: 0` of"
    ' actions/checkout, `GIT_DEPTH: "0"` of GitLab'
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
