"""The files that `zdm check` is given, in the order in which they run."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zdm.errors import InputError
from zdm.serialize import input_file
from zdm.workflows.check import undoing

_DIGITS = re.compile(r"(\d+)")
_REVISION = re.compile(rb"^(?:\w[\w, \t]*)?\brevision\b[^=\n]*=(?!=)", re.MULTILINE)


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
            inside = list(_inside(name))
            sql = sorted((p for p in inside if p.suffix.lower() == ".sql"), key=_natural)
            up = undoing.without(sql)
            down += len(sql) - len(up)
            files += up
            python = [p for p in sorted(inside) if p.suffix == ".py" and _is_revision(p)]
            revisions, whole = [*revisions, *python], whole or bool(python)
        elif name.suffix == ".py":
            revisions.append(name)
        else:
            files.append(name)
    return Found(files=tuple(files), revisions=tuple(revisions), whole=whole, down=down)


def _inside(folder: Path) -> Iterator[Path]:
    """All files below a folder, also behind links; InputError for what cannot be opened."""
    seen = set[Path]()
    for place, folders, names in os.walk(folder, onerror=_closed, followlinks=True):
        whole = Path(place).resolve()
        if whole in seen:
            folders.clear()
            continue
        seen.add(whole)
        yield from (Path(place, name) for name in names)


def _closed(error: OSError) -> None:
    raise InputError(
        f"{error.filename} cannot be read: {error.strerror}", hint="check its permissions"
    ) from error


def _natural(path: Path) -> tuple[tuple[bool, int, str], ...]:
    """The order of versions: V2 before V10."""
    words = (word for word in _DIGITS.split(path.as_posix()) if word)
    return tuple((w.isdigit(), int(w), w) if w.isdigit() else (False, 0, w) for w in words)


def _is_revision(path: Path) -> bool:
    return _REVISION.search(input_file.read(path)) is not None
