"""Files, and parts of files, that undo a migration."""

import re
from collections.abc import Sequence
from pathlib import Path

from zdm.rules import headers

_ALWAYS = re.compile(r"^U[\d._]+__.*\.sql$", re.IGNORECASE)  # of Flyway
# Flyway runs every file with such a name, and refuses a second one of the same version
_REPEATED = re.compile(r"^R__", re.IGNORECASE)
_VERSION = re.compile(r"^V[\d._]+__", re.IGNORECASE)
_DOWN = re.compile(r"(\.down|[_-]down|\.undo|\.rollback)$", re.IGNORECASE)
_UP = ("{}", "{}.up", "{}_up", "{}-up", "{}.do")

_MARKS = tuple(
    (
        re.compile(rb"--[ \t]*" + name + rb"[Uu]p\b"),
        re.compile(
            rb"^[ \t]*--[ \t]*" + name + rb"([Uu]p|[Dd]own)\b(?:[ \t]+[^\s:]+:\S+)*[ \t]*\r?$",
            re.MULTILINE,
        ),
    )
    for name in (rb"migrate:", rb"(?i:\+goose)[ \t]+", rb"\+migrate[ \t]+")
)


def without(files: Sequence[Path]) -> list[Path]:
    """The files of a folder that run."""
    there = {path.with_name(path.name.lower()) for path in files}
    return [path for path in files if not _undoes(path, there)]


def _undoes(path: Path, there: set[Path]) -> bool:
    """Whether its name says so: by itself, or because the file that it undoes is there."""
    if _ALWAYS.match(path.name):
        return True
    said = _DOWN.search(path.stem)
    if said is None or _REPEATED.match(path.name):
        return False
    if said[0].lower() == ".down" and not _VERSION.match(path.name):
        return True
    begin = path.stem[: said.start()].lower()
    return any(path.with_name(f"{up.format(begin)}.sql") in there for up in _UP)


def up_part(data: bytes) -> bytes:
    """A file without the part that undoes it: dbmate, goose and sql-migrate read such marks
    in a file that begins with that of the other part."""
    for begin, mark in _MARKS:
        if any(begin.match(comment) for comment in headers.comments(data)):
            found = list(mark.finditer(data))
            downs = [m.start() for m in found if m[1].lower() == b"down"]
            ups = [m.start() for m in found if m[1].lower() == b"up"]
            if downs and max(ups, default=0) < downs[0]:
                return data[: downs[0]]
    return data
