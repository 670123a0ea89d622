"""Files that come before one that was released: some databases run them later, some first."""

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from zdm.rules.report import InputFile

_VERSION = re.compile(r"(\D*?)(\d+)")


def placed(files: Iterable[InputFile]) -> Iterator[InputFile]:
    """The files, of which those are marked that are new and have the version of an earlier one
    than a released file of their folder and kind."""
    every = tuple(files)
    last: dict[tuple[str, str], int] = {}
    for file in every:
        if not file.judged or file.edited:
            for kind, number in _versions(file.path):
                last[kind] = max(number, last.get(kind, number))
    for file in every:
        new = file.judged and not file.edited
        early = any(number < last.get(kind, number) for kind, number in _versions(file.path))
        yield replace(file, early=True) if new and early else file


def _versions(path: str) -> Iterator[tuple[tuple[str, str], int]]:
    """The folder and the letters before the version, such as V, and the version's number."""
    folder, _, name = path.rpartition("/")
    found = _VERSION.match(name)
    if found is not None:
        yield (folder, found[1]), int(found[2])
