"""The name that PostgreSQL gives to the column of an expression (FigureColname)."""

from collections.abc import Mapping
from typing import Any

from zdm.model.expression import Expression
from zdm.parse import trees

_Tree = Mapping[str, Any]
OTHER = "expr"  # where an expression has no name
_WORDS = {
    "GroupingFunc": "grouping",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "XmlSerialize": "xmlserialize",
}
_SUBQUERIES = {"EXISTS_SUBLINK": "exists", "ARRAY_SUBLINK": "array"}


def of_key(expression: Expression) -> str:
    """As the key of an index: `OTHER` where nothing else gives a name."""
    return _found(expression.tree)[0] or OTHER


def _found(tree: _Tree) -> tuple[str, bool]:
    """The name, and whether it is better than the name of a type."""
    if len(tree) != 1:
        return "", False
    ((key, node),) = tree.items()
    if key in _WORDS:
        return _WORDS[key], True
    match key:
        case "ColumnRef":
            return (trees.strings(node.get("fields")) or ("",))[-1], True
        case "FuncCall":
            return trees.strings(node.get("funcname"))[-1], True
        case "TypeCast":
            return _cast(node)
        case "CollateClause":
            return _found(node.get("arg", {}))
        case "CaseExpr":
            name, good = _found(node.get("defresult", {}))
            return (name, True) if good else ("case", False)
    return _special(key, node)


def _special(key: str, node: _Tree) -> tuple[str, bool]:
    match key:
        case "A_Indirection":
            named = trees.strings(node.get("indirection"))
            return (named[-1], True) if named else _found(node.get("arg", {}))
        case "A_Expr" if node.get("kind") == "AEXPR_NULLIF":
            return "nullif", True
        case "MinMaxExpr":
            return ("least" if node.get("op") == "IS_LEAST" else "greatest"), True
        case "SQLValueFunction":
            return str(node.get("op", "")).removeprefix("SVFOP_").removesuffix(
                "_N"
            ).lower(), True
        case "SubLink":
            return _SUBQUERIES.get(node.get("subLinkType", ""), ""), True
    return "", False


def _cast(node: _Tree) -> tuple[str, bool]:
    name, good = _found(node.get("arg", {}))
    return (name, True) if good else (trees.strings(node["typeName"].get("names"))[-1], False)
