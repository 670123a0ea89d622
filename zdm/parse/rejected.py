"""Why a file is no SQL: the error with its place, and by name where psql would know better."""

import re

from zdm.errors import InputError
from zdm.parse import libpg_query
from zdm.parse.places import Places

_META = re.compile(rb"\\(?:[a-zA-Z]\w*|[!?])")
_VARIABLE = re.compile(rb":(?:'\w+'|\"\w+\"|\w+)")
_SHOWN = 60  # characters of the author's line in a message


def not_sql(data: bytes, file: str, error: libpg_query.NotSqlError) -> InputError:
    """The error for a text that PostgreSQL's grammar rejects; its first fault decides."""
    offset = len(data.decode()[: error.offset].encode())
    source = Places.of(data, file).at(offset)
    if copies(data[:offset]):
        return InputError(
            f"{source}: the data of a COPY FROM stdin is in the file, which only psql can read",
            hint="write the rows as INSERT, or load them in a separate step",
        )
    if command := _META.match(data, offset):
        return InputError(
            f"{source}: the psql command `{command[0].decode()}` is not SQL",
            hint="zdm sends SQL only: remove it, or write it as SQL",
        )
    if variable := _VARIABLE.match(data, offset):
        return InputError(
            f"{source}: the psql variable `{variable[0].decode()}` is not SQL",
            hint="write the value, or use a setting",
        )
    return InputError(
        f"{source}: PostgreSQL cannot read this: {error.message}{_text(data, offset)}",
        hint="run the file with psql to see the same error, and fix it",
    )


def _text(data: bytes, offset: int) -> str:
    """The author's line from the fault on; at the end of the text, the text before it."""
    line = data[offset:].partition(b"\n")[0].decode().strip()
    line = line or data[:offset].decode().rstrip().rpartition("\n")[2].strip()
    if not line:
        return ""
    return f" (in `{line}`)" if len(line) <= _SHOWN else f" (in `{line[:_SHOWN]}…`)"


def copies(before: bytes) -> bool:
    """Whether the last statement before the fault is a COPY that reads from the client."""
    try:
        parsed = libpg_query.statements(before)
    except libpg_query.NotSqlError:
        return False
    last = parsed[-1] if parsed else None
    if last is None or last.node != "CopyStmt":
        return False
    return bool(last.tree.get("is_from")) and not last.tree.get("filename")
