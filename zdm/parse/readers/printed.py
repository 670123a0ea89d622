"""Whether an expression of an author says what PostgreSQL printed of another one.

The server prints an expression as it has read it: IN as = ANY of an array, BETWEEN as two
tests, constants with a cast to their type, and a varchar column with a cast to text (manual,
9.24; measured 14-18). Such differences of form are left out on both sides.
"""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.expression import Expression
from zdm.parse import trees

_Tree = Mapping[str, Any]
_TEXT = "text"
_LISTS = {"AEXPR_OP_ANY": "=", "AEXPR_OP_ALL": "<>"}
_BOUNDS = (">=", "<=")


def alike(one: Expression, other: Expression) -> bool:
    """Whether they say the same, in whichever of these forms."""
    return bool(_plain(trees.strip(one.tree)) == _plain(trees.strip(other.tree)))


def _plain(tree: Any) -> Any:
    """It in the form in which both are compared."""
    if isinstance(tree, list):
        return [_plain(item) for item in tree]
    if not isinstance(tree, Mapping):
        return tree
    below = {key: _plain(value) for key, value in tree.items()}
    if len(below) != 1:
        return below
    ((key, node),) = below.items()
    reader = _READERS.get(key)
    return below if reader is None else reader(node)


def _constant(node: _Tree) -> Any:
    """Its text: -1 is printed as '-1'::integer."""
    for kind in ("ival", "fval", "boolval", "sval"):
        if kind in node:
            value = next(iter(node[kind].values()), 0 if kind == "ival" else "")
            return {"A_Const": str(value)}
    return {"A_Const": None}


def _cast(node: _Tree) -> Any:
    """Without the cast of a constant, and the one to text of a column or a list."""
    inner = node["arg"]
    name = trees.strings(node["typeName"].get("names"))[-1]
    if "A_Const" in inner:
        return inner
    if name == _TEXT and ("ColumnRef" in inner or "A_ArrayExpr" in inner):
        return inner
    return {"TypeCast": dict(node)}


def _operator(node: _Tree) -> Any:
    kind, name = node.get("kind"), trees.strings(node.get("name"))[-1]
    if kind == "AEXPR_BETWEEN":
        parts = zip(_BOUNDS, _items(node), strict=True)
        tests = [_test(word, node["lexpr"], bound) for word, bound in parts]
        return {"BoolExpr": {"boolop": "AND_EXPR", "args": tests}}
    items = _items(node)
    if items and (kind == "AEXPR_IN" or _LISTS.get(str(kind)) == name):
        if len(items) == 1:
            return _test(name, node["lexpr"], items[0])
        return {"In": [name, node["lexpr"], items]}
    if kind in ("AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"):
        return _test(name, node.get("lexpr"), node["rexpr"])
    return {"A_Expr": dict(node)}


def _test(name: str, left: Any, right: Any) -> Any:
    return {"Test": [name, left, right]}


def _items(node: _Tree) -> list[Any]:
    """The values of a list; none where it is something else."""
    right = node["rexpr"]
    if not isinstance(right, Mapping):
        return []
    values = right.get("List", {}).get("items") or right.get("A_ArrayExpr", {}).get("elements")
    return list(values or [])


def _call(node: _Tree) -> Any:
    words = trees.strings(node.get("funcname"))
    rest = {key: value for key, value in node.items() if key != "funcname"}
    return {"FuncCall": {**rest, "name": words[1:] if words[0] == "pg_catalog" else words}}


_READERS: Mapping[str, Callable[[_Tree], Any]] = {
    "A_Const": _constant,
    "TypeCast": _cast,
    "A_Expr": _operator,
    "FuncCall": _call,
}
