"""`zdm check --fix` and `--diff`: what the fixes of rules make of files, tried on a throwaway
server before anything is written."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.model.schema import Snapshot
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Wanted
from zdm.rules import ALL, fixes
from zdm.rules.fixes import Fixed
from zdm.rules.report import InputFile, Terms
from zdm.serialize import input_file
from zdm.workflows.check.same_schema import SameSchema


def fixed(
    settings: Settings, files: Sequence[InputFile], start: Snapshot, terms: Terms
) -> Fixed:
    """The files with their fixes; nothing is written."""
    wanted = Wanted(major=settings.server_version or start.major, url=settings.shadow_url)
    with shadow.open(wanted) as server:
        same = SameSchema(server=server, start=start, terms=terms, settings=settings)
        return fixes.applied(files, start, terms, ALL, same.compare)


def changed(files: Sequence[InputFile], done: Fixed) -> Iterator[tuple[InputFile, InputFile]]:
    """Each file that has fixes, as it was and as it became."""
    for old, new in zip(files, done.files, strict=True):
        if old.data != new.data:
            yield old, new


def write(files: Sequence[InputFile], done: Fixed) -> tuple[str, ...]:
    """Write the fixed files; the paths of those."""
    for old, new in changed(files, done):
        if old.place is None:
            continue
        whole = input_file.read(old.place)
        if not whole.startswith(old.data):
            raise InputError(
                f"{old.path} changed while it was checked, so nothing is written to it",
                hint="run the command again",
            )
        _replace(old.place, new.data + whole[len(old.data) :])
    return tuple(old.path for old, _ in changed(files, done))


def _replace(place: Path, data: bytes) -> None:
    try:
        place.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"{place} cannot be written: {error.strerror}", hint="check its permissions"
        ) from error


def diff(files: Sequence[InputFile], done: Fixed) -> str:
    """What would change, as `git apply` and `patch -p1` take it."""
    return "".join(line for old, new in changed(files, done) for line in _diff(old, new))


def _diff(old: InputFile, new: InputFile) -> Iterator[str]:
    lines = difflib.unified_diff(
        old.data.decode().splitlines(keepends=True),
        new.data.decode().splitlines(keepends=True),
        f"a/{old.path}",
        f"b/{new.path}",
    )
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
