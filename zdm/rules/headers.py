"""The comment by which a runner opens no transaction for a file."""

import re
from dataclasses import dataclass

# These runners then send the file as one text, and PostgreSQL runs several statements of one
# text in a transaction.
_SENT_WHOLE = re.compile(rb"^\s*--\s*(no-transaction|migrate:up)\b", re.MULTILINE)

_TOGETHER = re.compile(
    rb"^[ \t]*--[ \t]*\+(?:goose|migrate)[ \t]+Statement(Begin|End)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
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
