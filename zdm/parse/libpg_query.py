"""The first reader and authority: PostgreSQL's own grammar (libpg_query) through ctypes.

The JSON function of the library that postgast ships has no limit on nesting, needs no
protobuf, and loads in 12 ms. Positions: an error's `cursorpos` counts characters from 1,
`stmt_location` and `stmt_len` count bytes from 0; they are converted here and nowhere else.
"""

import ctypes
import functools
import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zdm.errors import ZdmError

_DEEP_ENOUGH = 20_000  # json.loads recurses once per level; the real limit is the C stack


class _Fault(ctypes.Structure):
    _fields_ = (
        ("message", ctypes.c_char_p),
        ("funcname", ctypes.c_char_p),
        ("filename", ctypes.c_char_p),
        ("lineno", ctypes.c_int),
        ("cursorpos", ctypes.c_int),
        ("context", ctypes.c_char_p),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("tree", ctypes.c_char_p),
        ("stderr", ctypes.c_char_p),
        ("error", ctypes.POINTER(_Fault)),
    )


class NotSqlError(ValueError):
    """PostgreSQL's grammar rejects the text; `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement of a text: its slice in bytes, its node's name and its tree."""

    start: int
    length: int
    node: str
    tree: dict[str, Any]


@functools.cache
def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("postgast")  # finds the file without importing it
    if spec is None or spec.origin is None:
        raise ZdmError("postgast is not installed", hint="reinstall zdm-orchestrator")
    library = ctypes.CDLL(str(Path(spec.origin).with_name("libpg_query.so")))
    library.pg_query_parse.restype = _Result
    library.pg_query_parse.argtypes = [ctypes.c_char_p]
    library.pg_query_free_parse_result.argtypes = [_Result]
    library.pg_query_free_parse_result.restype = None
    return library


def parse(sql: bytes) -> dict[str, Any]:
    """The tree of a whole text; raises NotSqlError where PostgreSQL would."""
    if b"\0" in sql:  # a C string would end there, silently
        offset = len(sql[: sql.index(b"\0")].decode(errors="replace"))
        raise NotSqlError("the text contains a NUL byte", offset)
    library = _library()
    result = library.pg_query_parse(sql)
    try:
        if result.error:
            fault = result.error.contents
            raise NotSqlError(fault.message.decode(), max(fault.cursorpos - 1, 0))
        return _load(result.tree)
    finally:
        library.pg_query_free_parse_result(result)


def _load(tree: bytes) -> dict[str, Any]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP_ENOUGH))
    try:
        loaded: dict[str, Any] = json.loads(tree)
    except RecursionError as error:
        raise NotSqlError("the statement is nested too deeply to be read", 0) from error
    finally:
        sys.setrecursionlimit(limit)
    return loaded


def statements(sql: bytes) -> tuple[Parsed, ...]:
    """Each statement of a text, in order; the slice starts at its first token."""
    found = []
    for item in parse(sql)["stmts"]:
        if "stmt" not in item:
            continue
        start = item.get("stmt_location", 0)
        length = item.get("stmt_len") or len(sql) - start
        ((node, tree),) = item["stmt"].items()
        found.append(Parsed(start=start, length=length, node=node, tree=tree))
    return tuple(found)
