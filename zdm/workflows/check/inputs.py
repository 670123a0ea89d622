"""The files that `zdm check` is given, in the order in which they run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zdm.serialize import input_file

_DIGITS = re.compile(r"(\d+)")
# the part of a file, or the whole file, that undoes a migration
_DOWN_FILE = re.compile(r"(\.down|[._-]down|\.undo|\.rollback)\.sql$|^U[\d._]+__.*\.sql$")
_DOWN_PART = re.compile(
    rb"^[ \t]*--[ \t]*(migrate:down|\+goose[ \t]+Down|\+migrate[ \t]+Down)\b.*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_UP_PART = re.compile(
    rb"^[ \t]*--[ \t]*(migrate:up|\+goose[ \t]+Up|\+migrate[ \t]+Up)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REVISION = re.compile(rb"^revision\s*(?::[^=\n]+)?=", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An Alembic revision as SQL, whose lines are those of the file; by line why something on
    it is not known. `needs`: the revisions that it is above."""

    id: str
    needs: tuple[str, ...]
    path: Path
    sql: str
    unread: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """All revisions in their order, and those that no other one follows."""

    read: tuple[Revision, ...] = ()
    heads: tuple[Path, ...] = ()

    def pending(self, applied: Iterable[str]) -> tuple[Path, ...]:
        """Those that are neither applied nor below one that is."""
        needs = {revision.id: revision.needs for revision in self.read}
        below, left = set[str](), list(applied)
        while left:
            one = left.pop()
            left += () if one in below else needs.get(one, ())
            below.add(one)
        return tuple(revision.path for revision in self.read if revision.id not in below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files that were named, in the order in which they run."""

    files: tuple[Path, ...]
    revisions: tuple[Path, ...] = ()  # of Alembic
    whole: bool = False  # they are all of a folder
    down: int = 0  # files that undo a migration, left out


def find(names: Iterable[Path]) -> Found:
    """Every migration in the files and folders."""
    files: list[Path] = []
    revisions: list[Path] = []
    down, whole = 0, False
    for name in names:
        if input_file.is_folder(name):
            inside = sorted(name.rglob("*.sql"), key=_natural)
            up = [path for path in inside if _DOWN_FILE.search(path.name) is None]
            down += len(inside) - len(up)
            files += up
            inside = [p for p in sorted(name.rglob("*.py")) if _is_revision(p)]
            revisions, whole = [*revisions, *inside], whole or bool(inside)
        elif name.suffix == ".py":
            revisions.append(name)
        else:
            files.append(name)
    return Found(files=tuple(files), revisions=tuple(revisions), whole=whole, down=down)


def _natural(path: Path) -> tuple[tuple[bool, int, str], ...]:
    """The order of versions: V2 before V10."""
    words = (word for word in _DIGITS.split(path.as_posix()) if word)
    return tuple((w.isdigit(), int(w), w) if w.isdigit() else (False, 0, w) for w in words)


def _is_revision(path: Path) -> bool:
    return _REVISION.search(input_file.read(path)) is not None


def content(data: bytes) -> bytes:
    """A file without the part that undoes it."""
    down = _DOWN_PART.search(data)
    if down is None or _UP_PART.search(data, down.start()):
        return data
    return data[: down.start()]
