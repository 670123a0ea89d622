"""SQL files as psql reads them: with its own commands, and the rows of COPY FROM stdin.

Both are blanked byte by byte, so that all statements keep their places. PostgreSQL's grammar
stops at each of them and so finds it; `\\d` in a string is no command.
"""

import re

from msgspec import Struct

from zdm.errors import InputError
from zdm.model.statement import Source, Statement
from zdm.parse import libpg_query, rejected, split
from zdm.parse.libpg_query import Parsed
from zdm.parse.places import Places

_BOM = b"\xef\xbb\xbf"
_COMMAND = re.compile(rb"\\(?:[a-zA-Z]\w*|[!?])[^\n]*")
# These send the text before them, as a semicolon does (manual, psql).
_SENDS = re.compile(rb"\\(?:g|gx|gdesc|gexec|gset|crosstabview|watch|bind|bind_named)\b")
_END_OF_ROWS = re.compile(rb"^\\\.[ \t\r]*$", re.MULTILINE)
_NOT_NEWLINE = re.compile(rb"[^\n]")


class Command(Struct, frozen=True, kw_only=True):
    """A command of psql, such as `\\connect shop`."""

    text: str
    source: Source


class File(Struct, frozen=True, kw_only=True):
    """A file's statements and psql's commands; `data` are the bytes of the statements alone."""

    data: bytes
    statements: tuple[tuple[Statement, Parsed], ...]
    commands: tuple[Command, ...] = ()


def read(data: bytes, file: str) -> File:
    """All of a file; raises InputError with the place of a fault."""
    try:
        return File(data=data, statements=split.parsed(data, file))
    except InputError:
        if not _is_utf8(data):
            raise
        blanked, commands = _without(data.removeprefix(_BOM), file)
        if blanked is None:
            raise
        return File(
            data=blanked, statements=split.parsed(blanked, file), commands=tuple(commands)
        )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without(data: bytes, file: str) -> tuple[bytes | None, list[Command]]:
    """The bytes with blanks for what is psql's; None where nothing is."""
    places, commands, left = Places.of(data, file), list[Command](), data
    filled = set[int]()  # the ends of COPY statements whose rows are blank by now
    while True:
        try:
            libpg_query.parse(left)
        except libpg_query.NotSqlError as error:
            start = _bytes(left, error.offset)
        else:
            return left, commands
        command = _COMMAND.match(left, start)
        end = left.rfind(b";", 0, start)
        if end not in filled and rejected.copies(left[:start]):
            filled.add(end)
            left = _blanked(left, *_rows(left, start), b"")
        elif command is not None:
            text = command[0].decode().rstrip()
            commands.append(Command(text=text, source=places.at(start)))
            ends = b";" if _SENDS.match(command[0]) else b""
            left = _blanked(left, start, command.end(), ends)
        else:
            return (None if left is data else left), commands


def _bytes(data: bytes, characters: int) -> int:
    return len(data.decode(errors="replace")[:characters].encode())


def _rows(data: bytes, start: int) -> tuple[int, int]:
    """From the line below the COPY to the one that ends its rows, or to the end."""
    above = data.rfind(b"\n", 0, start) + 1
    end = _END_OF_ROWS.search(data, above)
    return start, len(data) if end is None else end.end()


def _blanked(data: bytes, start: int, end: int, first: bytes) -> bytes:
    blank = first + _NOT_NEWLINE.sub(b" ", data[start + len(first) : end])
    return data[:start] + blank + data[end:]
