"""Tests of an UPDATE's WHERE that a column has not its new value yet: `c <> value`, `c IS
DISTINCT FROM value`, `NOT (c = value)`, `c IS NULL OR c <> value`, `COALESCE(c, '') <> value`.

A row that has its new values meets none of them, so a second run leaves it alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zdm.parse import trees

_Tree = Mapping[str, Any]
_SIDES = ("lexpr", "rexpr")
_DIFFER = {"AEXPR_DISTINCT": True, "AEXPR_NOT_DISTINCT": False}
_OPERATORS = {"<>": True, "!=": True, "=": False}


def is_guard(test: _Tree, given: Sequence[tuple[str, Any]], alias: str) -> bool:
    """Whether it is one, for columns of the row of that name that get the values `given`."""
    return _differs(test, given, alias, wanted=True)


def _differs(
    test: _Tree, given: Sequence[tuple[str, Any]], alias: str, *, wanted: bool
) -> bool:
    """Whether it says, where `wanted`, that a column differs from its value; else the same of
    its opposite."""
    parts = test.get("BoolExpr", {})
    operator = parts.get("boolop")
    if operator == "NOT_EXPR":
        return _differs(parts["args"][0], given, alias, wanted=not wanted)
    if operator == ("OR_EXPR" if wanted else "AND_EXPR"):
        return _some(parts["args"], given, alias, wanted=wanted)
    node = test.get("A_Expr", {})
    if _said(node) is not wanted:
        return False
    sides = [node.get(side, {}) for side in _SIDES]
    rows = [side["RowExpr"]["args"] for side in sides if "RowExpr" in side]
    left, right = rows if len(rows) == 2 else [[side] for side in sides]
    return all(
        _is_its_value(one, other, given, alias) or _is_its_value(other, one, given, alias)
        for one, other in zip(left, right, strict=False)
    )


def _some(
    tests: Sequence[_Tree], given: Sequence[tuple[str, Any]], alias: str, *, wanted: bool
) -> bool:
    """One at least says that a column differs, and each other one the same or that it is
    NULL."""
    found = [_differs(one, given, alias, wanted=wanted) for one in tests]
    empty = "IS_NULL" if wanted else "IS_NOT_NULL"
    return any(found) and all(
        differs or _is_null(one, given, alias, empty)
        for one, differs in zip(tests, found, strict=True)
    )


def _is_null(test: _Tree, given: Sequence[tuple[str, Any]], alias: str, how: str) -> bool:
    node = test.get("NullTest", {})
    words = _words(node.get("arg", {}))
    return node.get("nulltesttype") == how and any(
        words in ((name,), (alias, name)) for name, _ in given
    )


def _said(node: _Tree) -> bool | None:
    """Whether it says that its sides differ, or that they do not; None for anything else."""
    kind = node.get("kind", "")
    if kind == "AEXPR_OP":
        return _OPERATORS.get("".join(trees.strings(node.get("name"))))
    return _DIFFER.get(kind)


def _is_its_value(
    column: Any, value: Any, given: Sequence[tuple[str, Any]], alias: str
) -> bool:
    """Whether the one is a column, or COALESCE that begins with it, and the other one the value
    that it gets, or COALESCE that begins with that and has the same behind it."""
    first, *rest = _coalesced(column)
    other, *same = _coalesced(value)
    if same and not trees.same(rest, same):
        other = value
    words = _words(first)
    return any(
        words in ((name,), (alias, name)) and (trees.same(other, new) or trees.same(value, new))
        for name, new in given
    )


def _coalesced(tree: Any) -> Iterator[Any]:
    yield from tree.get("CoalesceExpr", {}).get("args", []) or [tree]


def _words(tree: Any) -> tuple[str, ...]:
    return trees.strings(tree.get("ColumnRef", {}).get("fields"))
