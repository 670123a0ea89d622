"""Files that a person names: read whole, up to a size, as UTF-8 with or without a BOM.

What cannot be used is an InputError with the place: another encoding, too many bytes, a
nesting or a number that a parser cannot hold.
"""

import codecs
import collections
import json
import re
from pathlib import Path
from typing import Any

from zdm.errors import InputError

MOST_BYTES = 64_000_000  # more is no schema, no plan and no migration
_USUAL = 65_536  # bytes: room for the most takes longer to get than a migration to read
MOST_DIGITS = 4_300  # of a number: what Python reads
SQL_SUFFIX = ".sql"
_HINT = "check the path"
_LONG_NUMBER = re.compile(rf"[0-9](?:_?[0-9]){{{MOST_DIGITS},}}")


class NotReadError(ValueError):
    """A text that a parser cannot read; line and column count from 1, 0 where unknown."""

    def __init__(self, fault: str, line: int = 0, column: int = 0) -> None:
        super().__init__(fault)
        self.fault = fault
        self.place = f":{line}:{column}" if line else ""

    def of(self, file: str, hint: str) -> InputError:
        """The error for the file that holds the text."""
        return InputError(f"{file}{self.place} {self.fault}", hint=hint)


def read(file: Path, *, most: int = MOST_BYTES, what: str = "", hint: str = _HINT) -> bytes:
    """The file's bytes; `what` is the file's purpose, as in `the settings file `."""
    try:
        with file.open("rb") as stream:
            data = stream.read(min(_USUAL, most + 1))
            if len(data) == _USUAL:
                data += stream.read(most + 1 - _USUAL)
    except OSError as error:
        raise InputError(f"{what}{file} cannot be read: {error.strerror}", hint=hint) from error
    if len(data) > most:
        raise InputError(
            f"{what}{file} cannot be read: it has more than {most:,} bytes", hint=hint
        )
    return data


def read_text(file: Path, *, most: int = MOST_BYTES, what: str = "", hint: str = _HINT) -> str:
    """The file's text; every line ends in a line feed."""
    return text_of(read(file, most=most, what=what, hint=hint), file)


def text_of(data: bytes, file: Path) -> str:
    """The text that a file's bytes are."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(str(file), data, error) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name too long and a closed folder hold none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_sql(name: str) -> bool:
    """Whether a target of `zdm plan` is a SQL file; else it is a revision."""
    return name.endswith(SQL_SUFFIX) or is_file(Path(name))


def is_folder(path: Path) -> bool:
    """Whether there is such a folder."""
    try:
        return path.is_dir()
    except OSError:
        return False


def not_utf8(file: str, data: bytes, error: UnicodeDecodeError) -> InputError:
    """The error for a file in another encoding."""
    before = data[: error.start]
    line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
    column = len(before[start:].decode(errors="replace")) + 1
    return InputError(
        f"{file}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8, so the file"
        " cannot be read",
        hint="save the file as UTF-8",
    )


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def too_deep() -> NotReadError:
    """The error for a text that a parser which calls itself gave up."""
    return NotReadError("is nested too deeply to be read")


def too_long(text: str) -> NotReadError:
    """The error for a text in which Python refused to read a number."""
    found = _LONG_NUMBER.search(text)
    where = place(text, found.start()) if found else (0, 0)
    return NotReadError(f"holds a number of more than {MOST_DIGITS:,} digits", *where)


def from_json(text: str) -> Any:
    """The value of a JSON text; a key that is twice in an object has no meaning."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotReadError(f"is not JSON: {error.msg}", error.lineno, error.colno) from error
    except NotReadError:
        raise
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:
        raise too_long(text) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise NotReadError(f"has the key {twice[:60]!r} twice in one object")
    return found
