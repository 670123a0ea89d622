"""The first reader and authority: PostgreSQL's own grammar (libpg_query) through ctypes.

The JSON function of the library that postgast ships has no limit on nesting, needs no
protobuf, and loads in 12 ms. Positions: an error's `cursorpos` counts characters from 1,
`stmt_location` and `stmt_len` count bytes from 0; they are converted here and nowhere else.
"""

import ctypes
import functools
import importlib.util
import json
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec import Struct

from zdm.errors import ZdmError

_DEEP_ENOUGH = 20_000  # json.loads recurses once per level; the real limit is the C stack
# The library calls itself once per level of nesting and takes 128 bytes of stack for it; two
# characters (`+1`) can be a level, so that a short text fits any stack.
_SHORT = 50_000  # bytes of text
_STACK_PER_BYTE = 100
_STACK = 16 << 20
# PostgreSQL's scanner reads a run of operator characters again at each `/*` in it.
_OPERATORS = re.compile(rb"[~!@#^&|`?+\-*/%<>=]{64,}")
_MOST_SCANNED = 100_000_000  # characters that it may read again: about half a second
_SHOWN = 120  # characters of its messages, which quote the text up to its end


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


class _Functions(ctypes.Structure):
    _fields_ = (("trees", ctypes.c_char_p), ("error", ctypes.POINTER(_Fault)))


class NotSqlError(ValueError):
    """PostgreSQL's grammar rejects the text; `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Parsed(Struct, frozen=True):
    """One statement of a text: its slice in bytes, its node's name and its tree, which is not
    nested deeper than `deepest` levels."""

    start: int
    length: int
    node: str
    tree: dict[str, Any]
    deepest: int


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
    library.pg_query_parse_plpgsql.restype = _Functions
    library.pg_query_parse_plpgsql.argtypes = [ctypes.c_char_p]
    library.pg_query_free_plpgsql_parse_result.argtypes = [_Functions]
    library.pg_query_free_plpgsql_parse_result.restype = None
    return library


def parse(sql: bytes) -> dict[str, Any]:
    """The tree of a whole text; raises NotSqlError where PostgreSQL would."""
    return _read(sql)[0]


def _read(sql: bytes) -> tuple[dict[str, Any], int]:
    """The tree, and how many levels it has at most."""
    if b"\0" in sql:  # a C string would end there, silently
        raise NotSqlError("the text contains a NUL byte", _characters(sql, sql.index(b"\0")))
    _check_comments(sql)
    return _parse(sql) if len(sql) <= _SHORT else _with_large_stack(sql)


def _characters(sql: bytes, offset: int) -> int:
    return len(sql[:offset].decode(errors="replace"))


def _check_comments(sql: bytes) -> None:
    scanned = 0
    for run in _OPERATORS.finditer(sql) if b"/*" in sql else ():
        scanned += run[0].count(b"/*") * len(run[0])
        if scanned > _MOST_SCANNED:
            raise NotSqlError(
                "too many `/*` without a space between them, which it would take minutes to"
                " read",
                _characters(sql, run.start()),
            )


def _with_large_stack(sql: bytes) -> tuple[dict[str, Any], int]:
    """Parse in a thread, since only a new thread's stack can be chosen."""
    before = threading.stack_size(_STACK + len(sql) * _STACK_PER_BYTE)
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(_parse, sql).result()
    except RuntimeError as error:
        raise NotSqlError("the text is too long for this machine's memory", 0) from error
    finally:
        threading.stack_size(before)


def _parse(sql: bytes) -> tuple[dict[str, Any], int]:
    library = _library()
    result = library.pg_query_parse(sql)
    try:
        if result.error:
            fault = result.error.contents
            raise NotSqlError(_shortened(fault.message.decode()), max(fault.cursorpos - 1, 0))
        tree = result.tree
        return _load(tree), tree.count(b"{") + tree.count(b"[")
    finally:
        library.pg_query_free_parse_result(result)


def _shortened(message: str) -> str:
    message = " ".join(message.splitlines())  # it may quote several lines
    return message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"


def _load(tree: bytes) -> dict[str, Any]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP_ENOUGH))
    try:
        loaded: dict[str, Any] = json.loads(tree.decode())
    except RecursionError as error:
        raise NotSqlError("the statement is nested too deeply to be read", 0) from error
    finally:
        sys.setrecursionlimit(limit)
    return loaded


def statements(sql: bytes) -> tuple[Parsed, ...]:
    """Each statement of a text, in order; the slice starts at its first token."""
    found = []
    tree, deepest = _read(sql)
    for item in tree["stmts"]:
        if "stmt" not in item:
            continue
        start = item.get("stmt_location", 0)
        length = item.get("stmt_len") or len(sql) - start
        ((node, own),) = item["stmt"].items()
        found.append(Parsed(start, length, node, own, deepest))
    return tuple(found)


def bounds_a_transaction(statement: Parsed) -> bool:
    """Whether it is BEGIN, COMMIT, SAVEPOINT or another one about transactions."""
    return statement.node == "TransactionStmt"


def plpgsql(sql: str) -> dict[str, Any] | None:
    """The tree of a DO statement in plpgsql; None where it is no such thing, or long."""
    data = sql.encode()
    if len(data) > _SHORT or b"\0" in data:
        return None
    library = _library()
    result = library.pg_query_parse_plpgsql(data)
    try:
        functions: Any = [] if result.error else _load(result.trees)
    except NotSqlError:
        return None
    finally:
        library.pg_query_free_plpgsql_parse_result(result)
    found: dict[str, Any] | None = functions[0]["PLpgSQL_function"] if functions else None
    return found
