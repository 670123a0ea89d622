"""A DO block as the statements in it, each behind the question that it asks the catalog.

Read are IF [NOT] EXISTS over a catalog, with ELSIF, ELSE, AND, OR and NOT; one statement with
EXCEPTION WHEN duplicate_… THEN null; EXECUTE of a constant; RETURN; and RAISE of a notice. All
else is not read: variables, loops, EXECUTE of what is computed, SET and conditions about rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from zdm.parse import libpg_query
from zdm.parse.blocks import condition
from zdm.parse.blocks.condition import Condition

_ERROR = 21  # elog_level from which RAISE ends the block
_SETTING = "VariableSetStmt"  # would hold for what follows the block too
_PLAIN = frozenset({"lineno", "sqlstmt", "query"})  # without INTO, STRICT and USING
_Tree = Mapping[str, Any]


class Inner(Struct, frozen=True):
    """A statement; `start` counts characters within the text of the block."""

    sql: str
    start: int


class Attempt(Struct, frozen=True):
    """A statement whose failure by one of these conditions is passed over."""

    inner: Inner
    passed: frozenset[str]


class Choice(Struct, frozen=True):
    """IF: the first branch whose condition holds; that of ELSE has none."""

    branches: tuple[tuple[Condition | None, "tuple[Item, ...]"], ...]


class Return(Struct, frozen=True):
    """The end of the block."""


Item = Inner | Attempt | Choice | Return


class _NotReadError(Exception):
    """It does something else, in words that follow `it`."""


_SHOWN = 100  # characters of a condition
_CONSTANT = re.compile(
    r"'(?P<quoted>[^'\\]*)'|\$(?P<tag>\w*)\$(?P<text>.*)\$(?P=tag)\$", re.DOTALL
)
_NOT_EXECUTED = frozenset({_SETTING, "SelectStmt", "TransactionStmt", "DoStmt", "CallStmt"})
_WORDS = {
    "PLpgSQL_stmt_dynexecute": "runs EXECUTE of a text that is made when it runs",
    "PLpgSQL_stmt_perform": "calls functions (PERFORM)",
    "PLpgSQL_stmt_raise": "raises an error",
    "PLpgSQL_stmt_assign": "computes values",
    "PLpgSQL_stmt_execsql": "reads values into variables",
    "PLpgSQL_stmt_commit": "ends its transaction",
    "PLpgSQL_stmt_rollback": "ends its transaction",
}
_LOOPS = ("_loop", "_while", "_fori", "_fors", "_forc", "_dynfors", "_foreach_a")


def read(sql: str) -> tuple[Item, ...] | None:
    """What a DO statement does; None where that is not read. A directive within the block
    would have no effect."""
    found = None if "zdm:" in sql else _read(sql)
    return None if isinstance(found, str) else found


def unread(sql: str) -> str:
    """Why a DO statement is not read, in words that follow `it`; empty where it is."""
    found = _read(sql)
    return found if isinstance(found, str) else ""


def _read(sql: str) -> tuple[Item, ...] | str:
    if not _in_plpgsql(sql):
        return "is not in PL/pgSQL"
    tree = libpg_query.plpgsql(sql)
    if tree is None:
        return "is no valid PL/pgSQL"
    try:
        found = tuple(_Reader(sql).items([tree["action"]]))
    except _NotReadError as error:
        return str(error)
    free = all(_is_free(datum) for datum in tree.get("datums", ()))
    return found if free else "has variables"


def _in_plpgsql(sql: str) -> bool:
    (parsed,) = libpg_query.statements(sql.encode())
    options = [one["DefElem"] for one in parsed.tree.get("args", ())]
    named = [o["arg"]["String"]["sval"] for o in options if o["defname"] == "language"]
    return parsed.node == "DoStmt" and named in ([], ["plpgsql"])


def _is_free(datum: _Tree) -> bool:
    """Whether it is no variable of the author's."""
    names = {node.get("refname") for node in datum.values()}
    return names <= {"found", "sqlstate", "sqlerrm"}


def _words(kind: str) -> str:
    if kind.endswith(_LOOPS):
        return "has a loop"
    return _WORDS.get(kind, "has a statement that zdm does not read")


def _is_nothing(kind: str, node: _Tree) -> bool:
    """RETURN, which the parser adds, or RAISE of a notice."""
    if kind == "PLpgSQL_stmt_return":
        return not node
    notice = node.get("elog_level", _ERROR) < _ERROR
    return kind == "PLpgSQL_stmt_raise" and notice and not node.get("params")


@dataclass(slots=True)
class _Reader:
    """Finds each text of the tree in that of the block, in order."""

    sql: str
    reached: int = 0

    def items(self, body: Sequence[_Tree]) -> Iterator[Item]:
        for statement in body:
            ((kind, node),) = statement.items()
            match kind:
                case "PLpgSQL_stmt_block" if "exceptions" in node:
                    yield self._attempt(node)
                case "PLpgSQL_stmt_block":
                    yield from self.items(node.get("body", ()))
                case "PLpgSQL_stmt_if":
                    yield Choice(branches=tuple(self._branches(node)))
                case "PLpgSQL_stmt_execsql" | "PLpgSQL_stmt_dynexecute":
                    yield self._inner(kind, node)
                case "PLpgSQL_stmt_return" if node.keys() == {"lineno"}:
                    yield Return()
                case _ if not _is_nothing(kind, node):
                    raise _NotReadError(_words(kind))

    def _inner(self, kind: str, node: _Tree) -> Inner:
        if not node.keys() <= _PLAIN:
            raise _NotReadError(_words(kind))
        if "query" in node:
            return self._executed(node["query"]["PLpgSQL_expr"]["query"])
        text = node["sqlstmt"]["PLpgSQL_expr"]["query"]
        if any(one.node == _SETTING for one in libpg_query.statements(text.encode())):
            raise _NotReadError("sets a parameter for what follows it")
        return self._found(text)

    def _executed(self, expression: str) -> Inner:
        """EXECUTE of a constant: one statement, but none that gives rows, which would be lost,
        or ends the transaction, which it cannot."""
        constant = _CONSTANT.fullmatch(expression.strip())
        if constant is None:
            raise _NotReadError(_words("PLpgSQL_stmt_dynexecute"))
        text = constant["quoted"] or constant["text"] or ""
        nodes = [one.node for one in libpg_query.statements(text.encode())]
        if len(nodes) != 1 or nodes[0] in _NOT_EXECUTED:
            raise _NotReadError("runs EXECUTE of something other than one change of the schema")
        return self._found(text)

    def _found(self, text: str) -> Inner:
        start = self.sql.find(text, self.reached)
        if start < 0:
            raise _NotReadError("is between single quotes, and has quotes in it")
        self.reached = start + len(text)
        return Inner(sql=text, start=start)

    def _attempt(self, node: _Tree) -> Attempt:
        tried = list(self.items(node.get("body", ())))
        handlers = node["exceptions"]["PLpgSQL_exception_block"]["exc_list"]
        passed: set[str] = set()
        for handler in (one["PLpgSQL_exception"] for one in handlers):
            if list(self.items(handler.get("action", ()))):
                raise _NotReadError("runs other statements after an error")
            conditions = handler["conditions"]
            passed |= {one["PLpgSQL_condition"]["condname"] for one in conditions}
        if len(tried) != 1 or not isinstance(tried[0], Inner):
            raise _NotReadError("passes over the errors of more than one statement")
        return Attempt(inner=tried[0], passed=frozenset(passed))

    def _branches(self, node: _Tree) -> Iterator[tuple[Condition | None, tuple[Item, ...]]]:
        yield self._branch(node["cond"], node.get("then_body", ()))
        for one in (part["PLpgSQL_if_elsif"] for part in node.get("elsif_list", ())):
            yield self._branch(one["cond"], one.get("stmts", ()))
        if "else_body" in node:
            yield None, tuple(self.items(node["else_body"]))

    def _branch(
        self, asked: _Tree, body: Sequence[_Tree]
    ) -> tuple[Condition, tuple[Item, ...]]:
        text = asked["PLpgSQL_expr"]["query"]
        found = condition.read(text)
        if found is None:
            line = " ".join(text.split())
            shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
            raise _NotReadError(f"asks `{shown}`, which zdm cannot answer from the schema")
        return found, tuple(self.items(body))
