"""The files that `zdm check` is given, in the order in which they run."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from zdm.errors import InputError
from zdm.serialize import input_file
from zdm.workflows.check import undoing
from zdm.workflows.check.changes import Changes

_DIGITS = re.compile(r"(\d+)")
_REVISION = re.compile(
    rb"^(?:\w[\w, \t]*)?\brevision\b[^=\n]*=(?!=)|^def[ \t]+upgrade[ \t]*\([ \t]*\)",
    re.MULTILINE,
)


class Revision(Struct, frozen=True, kw_only=True):
    """An Alembic revision as SQL, whose lines are those of the file; by line why something on
    it is not known. `needs`: the revisions that it is above."""

    id: str
    needs: tuple[str, ...]
    path: Path
    sql: str
    unread: Mapping[int, str]


class Revisions(Struct, frozen=True, kw_only=True):
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


class Found(Struct, frozen=True, kw_only=True):
    """The files that were named, in the order in which they run."""

    files: tuple[Path, ...]
    revisions: tuple[Path, ...] = ()  # of Alembic
    whole: bool = False  # they are all of a folder
    down: int = 0  # files that undo a migration, left out
    gone: Mapping[Path, Path | None] = field(default_factory=dict)  # and the new name


def find(names: Iterable[Path], changes: Changes | None) -> Found:
    """Every migration in the files and folders; released ones that are not there any more are
    among the files."""
    files: list[Path] = []
    revisions: list[Path] = []
    gone: dict[Path, Path | None] = {}
    down, whole = 0, False
    for name in names:
        if input_file.is_folder(name):
            inside = list(_inside(name))
            lost = {} if changes is None else dict(_lost(name, inside, changes))
            sql = sorted((p for p in (*inside, *lost) if _is_sql(p)), key=_natural)
            up = undoing.without(sql)
            down += len(sql) - len(up)
            files += (*up, *(path for path in lost if not _is_sql(path)))
            python = [p for p in sorted(inside) if _is_revision(p, input_file.read)]
            revisions, whole = [*revisions, *python], whole or bool(python)
            gone |= lost
        elif name.suffix == ".py":
            revisions.append(name)
        else:
            files.append(name)
    return Found(
        files=tuple(files),
        revisions=tuple(revisions),
        whole=whole,
        down=down,
        gone=gone,
    )


def _lost(
    folder: Path, inside: Iterable[Path], changes: Changes
) -> Iterator[tuple[Path, Path | None]]:
    """Migrations that were released, each with the new file that has its content; a revision
    keeps its place under another name."""
    contents = dict(changes.lost(folder))
    new = [path for path in inside if contents and changes.is_new(path)]
    names = {_lines(input_file.read(path)): path for path in new}
    for path in contents:
        name = names.get(_lines(contents[path]))
        if _is_sql(path) or (name is None and _is_revision(path, contents.__getitem__)):
            yield path, name


def _lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


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


def _is_sql(path: Path) -> bool:
    return path.suffix.lower() == ".sql"


def _is_revision(path: Path, content: Callable[[Path], bytes]) -> bool:
    return path.suffix == ".py" and _REVISION.search(content(path)) is not None
