"""The shadow's csvlog: each statement as the server got it, and which of them failed.

With `log_statement = all` the server writes a statement before it runs it: its text, and for
the extended protocol its parameters as literals (manual, 20.8.4 and table of csvlog columns).
"""

import csv
import io
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import TemporaryError
from zdm.execute.clock import SystemClock, wait_until

_DATABASE, _PID, _SEVERITY, _MESSAGE, _DETAIL, _QUERY = 2, 3, 11, 13, 14, 19
_TEXT = re.compile(r"(?:statement|execute (?!fetch from)[^:]*): ")
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_LOOK = timedelta(milliseconds=10)
_PATIENCE = timedelta(seconds=10)  # until the log collector has written what was sent to it


class Sent(Struct, frozen=True, kw_only=True):
    """One text that a session sent, with its parameters, and the error it ended in."""

    pid: str
    text: str
    parameters: tuple[str | None, ...] = ()
    error: str = ""


def positions(directory: Path) -> dict[Path, int]:
    """Where each log file ends now."""
    return {file: file.stat().st_size for file in directory.glob("*.csv")}


def read(
    directory: Path, start: dict[Path, int], database: str, marks: tuple[str, str]
) -> tuple[Sent, ...]:
    """What was sent to the database between two statements, each of which says its mark.

    The log collector may write what was sent before `start` after it.
    """
    found: list[list[str]] = []

    def is_written() -> bool:
        rows = _between(_rows(directory, start), *marks)
        found.extend(rows or ())
        return rows is not None

    if not wait_until(is_written, SystemClock(), within=_PATIENCE, every=_LOOK):
        raise TemporaryError(
            f"the shadow's log in {directory} does not show what was run",
            hint="run the same command again; if it stays so, the disk may be full",
        )
    return tuple(_sent([row for row in found if row[_DATABASE] == database]))


def _rows(directory: Path, start: dict[Path, int]) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)  # one statement may be megabytes
    for file in sorted(directory.glob("*.csv"), key=lambda f: f.stat().st_mtime):
        with file.open("rb") as stream:
            stream.seek(start.get(file, 0))
            text = stream.read().decode(errors="replace")
        yield from csv.reader(io.StringIO(text, newline="\n"))


def _between(rows: Iterator[list[str]], begin: str, end: str) -> list[list[str]] | None:
    found: list[list[str]] | None = None
    for row in rows:
        if len(row) > _QUERY:
            if begin in row[_MESSAGE]:
                found = []
            elif end in row[_MESSAGE]:
                return found
            elif found is not None:
                found.append(row)
    return None


def _sent(rows: list[list[str]]) -> Iterator[Sent]:
    """The statements in order; an error row names the statement that it ended."""
    found: list[Sent] = []
    last: dict[str, int] = {}
    for row in rows:
        pid, message = row[_PID], row[_MESSAGE]
        if row[_SEVERITY] == "LOG" and (mark := _TEXT.match(message)):
            last[pid] = len(found)
            found.append(
                Sent(pid=pid, text=message[mark.end() :], parameters=_values(row[_DETAIL]))
            )
        elif row[_SEVERITY] == "ERROR":
            at = last.get(pid)
            if at is not None and found[at].text == row[_QUERY]:
                found[at] = replace(found[at], error=message)
            else:  # with a syntax error it was not logged before
                found.append(Sent(pid=pid, text=row[_QUERY], error=message))
    yield from found


def _values(detail: str) -> tuple[str | None, ...]:
    if not detail.lower().startswith("parameters:"):
        return ()
    found = {int(n): text for n, text in _PARAMETER.findall(detail)}
    return tuple(
        None if found[n] == "NULL" else found[n][1:-1].replace("''", "'") for n in sorted(found)
    )
