"""The comment by which a runner opens no transaction for a file."""

import re
from collections.abc import Iterator

from msgspec import Struct

_COMMENT = re.compile(rb"[ \t]*(--[^\r\n]*)(?:\r?\n|$)")
_BLANK = re.compile(rb"[ \t]*\r?\n|[ \t]+$")
_BLOCK = re.compile(rb"[ \t]*/\*.*?\*/", re.DOTALL)
_BOM = b"\xef\xbb\xbf"

_ANYWHERE = re.compile(
    rb"--[ \t]*(?:migrate:up(?:[ \t]+[^\s:]+:\S+)*?[ \t]+transaction:false"
    rb"(?:[ \t]+[^\s:]+:\S+)*"
    rb"|\+migrate[ \t]+Up[ \t]+notransaction"
    rb"|(?i:\+goose[ \t]+NO[ \t]+TRANSACTION))[ \t]*"
)
_SQLX = re.compile(rb"-- no-transaction[ \t]*(?:\r?\n|$)")  # in the first line
# Atlas takes the comments before the first empty line, if no statement is among them
_ATLAS = re.compile(
    rb"(?:--[^\n]*\n)*?--[ \t]*atlas:txmode[ \t]+none[ \t]*"
    rb"(?:$|\r?\n(?:--[^\n]*\n)*(?:\r?\n|$))"
)

# These runners then send the file as one text, and PostgreSQL runs several statements of one
# text in a transaction.
_SENT_WHOLE = re.compile(rb"^\s*--\s*(no-transaction|migrate:up)\b", re.MULTILINE)

_TOGETHER = re.compile(
    rb"^[ \t]*--[ \t]*\+(?:goose|migrate)[ \t]+Statement(Begin|End)\b",
    re.IGNORECASE | re.MULTILINE,
)


class _Runner(Struct, frozen=True, kw_only=True):
    """What marks a file as its own, and what takes the place of the mark."""

    mark: re.Pattern[bytes]
    line: bytes


def _runner(mark: bytes, line: bytes) -> _Runner:
    pattern = rb"^([ \t]*--[ \t]*" + mark + rb")[ \t]*(\r?)$"
    return _Runner(mark=re.compile(pattern, re.MULTILINE), line=line)


_RUNNERS = (
    _runner(rb"migrate:up", rb"\1 transaction:false\2"),  # dbmate
    _runner(rb"\+goose[ \t]+Up", rb"-- +goose NO TRANSACTION\2\n\1\2"),
    _runner(rb"\+migrate[ \t]+Up", rb"\1 notransaction\2"),  # sql-migrate
)


def comments(data: bytes) -> Iterator[bytes]:
    """The `--` comments before the first statement; those within a block comment are none."""
    place = len(_BOM) if data.startswith(_BOM) else 0
    while place < len(data):
        comment = _COMMENT.match(data, place)
        if comment is not None:
            yield comment[1]
        found = comment or _BLANK.match(data, place) or _BLOCK.match(data, place)
        if found is None:
            return
        place = found.end()


def open_none(data: bytes) -> bool:
    """Whether dbmate, goose, sql-migrate, sqlx or Atlas opens no transaction for the file."""
    data = data.removeprefix(_BOM)
    return (
        _SQLX.match(data) is not None
        or _ATLAS.match(data) is not None
        or any(_ANYWHERE.fullmatch(comment) for comment in comments(data))
    )


def added(data: bytes, line: str) -> bytes | None:
    """The file with such a comment: that of the runner whose marks it has, else the line; None
    where there is neither."""
    for runner in _RUNNERS:
        if runner.mark.search(data):
            return runner.mark.sub(runner.line, data, count=1)
    if not line:
        return None
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    return line.encode() + newline + newline + data


def sent_together(data: bytes, offset: int) -> bool:
    """Whether a byte is between StatementBegin and StatementEnd (goose, sql-migrate)."""
    words = [mark[1].lower() for mark in _TOGETHER.finditer(data, 0, offset)]
    return words[-1:] == [b"begin"]


def sent_whole(data: bytes) -> bool:
    """Whether its runner sends the whole file as one text."""
    return _SENT_WHOLE.search(data) is not None
