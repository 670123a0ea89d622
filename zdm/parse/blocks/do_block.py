"""A DO block as the statements in it, each behind the question that it asks the catalog.

Read are IF [NOT] EXISTS over a catalog, with ELSIF, ELSE, AND, OR and NOT; one statement with
EXCEPTION WHEN duplicate_… THEN null; RETURN; and RAISE of a notice. All else is not read:
variables, loops, EXECUTE, SET and conditions about rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdm.parse import libpg_query
from zdm.parse.blocks import condition
from zdm.parse.blocks.condition import Condition

_ERROR = 21  # elog_level from which RAISE ends the block
_SETTING = "VariableSetStmt"  # would hold for what follows the block too
_PLAIN = frozenset({"lineno", "sqlstmt"})  # without INTO and STRICT
_Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inner:
    """A statement; `start` counts characters within the text of the block."""

    sql: str
    start: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A statement whose failure by one of these conditions is passed over."""

    inner: Inner
    passed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """IF: the first branch whose condition holds; that of ELSE has none."""

    branches: tuple[tuple[Condition | None, "tuple[Item, ...]"], ...]


@dataclass(frozen=True, slots=True)
class Return:
    """The end of the block."""


Item = Inner | Attempt | Choice | Return


class _NotReadError(Exception):
    """It does something else."""


def read(sql: str) -> tuple[Item, ...] | None:
    """What a DO statement does; None where that is not read. A directive within the block
    would have no effect."""
    if not _in_plpgsql(sql) or "zdm:" in sql:
        return None
    tree = libpg_query.plpgsql(sql)
    if tree is None or any(not _is_free(datum) for datum in tree.get("datums", ())):
        return None
    try:
        return tuple(_Reader(sql).items([tree["action"]]))
    except _NotReadError:
        return None


def _in_plpgsql(sql: str) -> bool:
    (parsed,) = libpg_query.statements(sql.encode())
    options = [one["DefElem"] for one in parsed.tree.get("args", ())]
    named = [o["arg"]["String"]["sval"] for o in options if o["defname"] == "language"]
    return parsed.node == "DoStmt" and named in ([], ["plpgsql"])


def _is_free(datum: _Tree) -> bool:
    """Whether it is no variable of the author's."""
    names = {node.get("refname") for node in datum.values()}
    return names <= {"found", "sqlstate", "sqlerrm"}


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
                case "PLpgSQL_stmt_execsql" if node.keys() <= _PLAIN:
                    yield self._inner(node)
                case "PLpgSQL_stmt_return" if node.keys() == {"lineno"}:
                    yield Return()
                case _ if not _is_nothing(kind, node):
                    raise _NotReadError

    def _inner(self, node: _Tree) -> Inner:
        text = node["sqlstmt"]["PLpgSQL_expr"]["query"]
        if any(one.node == _SETTING for one in libpg_query.statements(text.encode())):
            raise _NotReadError
        start = self.sql.find(text, self.reached)
        if start < 0:
            raise _NotReadError  # between quotes, in which it is spelt otherwise
        self.reached = start + len(text)
        return Inner(sql=text, start=start)

    def _attempt(self, node: _Tree) -> Attempt:
        tried = list(self.items(node.get("body", ())))
        handlers = node["exceptions"]["PLpgSQL_exception_block"]["exc_list"]
        passed: set[str] = set()
        for handler in (one["PLpgSQL_exception"] for one in handlers):
            if list(self.items(handler.get("action", ()))):
                raise _NotReadError
            conditions = handler["conditions"]
            passed |= {one["PLpgSQL_condition"]["condname"] for one in conditions}
        if len(tried) != 1 or not isinstance(tried[0], Inner):
            raise _NotReadError
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
        found = condition.read(asked["PLpgSQL_expr"]["query"])
        if found is None:
            raise _NotReadError
        return found, tuple(self.items(body))
