"""What an expression is where some of its columns are NULL, in three-valued logic.

Only operators and functions of PostgreSQL that are known to be strict count (manual, chapters
9.1 and 38.4); of anything else nothing is known, and the answers are False.
"""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.expression import Expression
from zdm.model.statement import Action
from zdm.parse import libpg_query, trees

_Tree = Mapping[str, Any]
_OPERATORS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"))
_MATCHES = frozenset(("~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "&&", "@>", "<@"))
_TEXTS = frozenset(("btrim", "length", "lower", "ltrim", "md5", "rtrim", "upper"))
_FUNCTIONS = _TEXTS | {"abs", "char_length", "character_length", "octet_length", "round"}
_GIVING = frozenset(("concat_ws", "initcap", "left", "lpad", "repeat", "replace", "right"))
_GIVING |= {"rpad", "split_part", "substr", "translate", "date_trunc"}
_ALWAYS = frozenset(
    ("concat", "now", "clock_timestamp", "gen_random_uuid", "random", "nextval")
)
_NEVER = frozenset(("NullTest", "BooleanTest", "SQLValueFunction", "A_ArrayExpr"))
_KINDS = frozenset({"AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_IN", "AEXPR_LIKE", "AEXPR_ILIKE"})


def is_null(expression: Expression, columns: frozenset[str]) -> bool:
    """It is certainly NULL where these columns are."""
    return _null(expression.tree, columns)


def passes(expression: Expression, columns: frozenset[str]) -> bool:
    """As a CHECK it certainly passes where these columns are NULL: it is true or NULL."""
    tree = expression.tree
    if _null(tree, columns):
        return True
    if "NullTest" in tree:
        test = tree["NullTest"]
        return test.get("nulltesttype") == "IS_NULL" and _null(test.get("arg", {}), columns)
    parts = tree.get("BoolExpr", {})
    answers = (passes(Expression(part), columns) for part in parts.get("args", []))
    match parts.get("boolop"):
        case "AND_EXPR":
            return all(answers)
        case "OR_EXPR":
            return any(answers)
    return False


def inserted(action: Action) -> frozenset[int]:
    """The places of the columns that an INSERT never writes NULL to, in any of its rows."""
    query = action.tree.get("selectStmt", {}).get("SelectStmt", {})
    rows = [row["List"].get("items", []) for row in query.get("valuesLists", [])]
    if not rows and "targetList" in query:
        rows = [[item["ResTarget"]["val"] for item in query["targetList"]]]
    sure = [{n for n, v in enumerate(r) if never(Expression(v), frozenset())} for r in rows]
    return frozenset.intersection(*map(frozenset, sure)) if sure else frozenset()


def never(expression: Expression, columns: frozenset[str]) -> bool:
    """It is certainly not NULL where these columns are not."""
    return _never(expression.tree, columns)


def of_index(definition: str) -> tuple[Expression, ...]:
    """The keys of a CREATE INDEX that are expressions."""
    parsed = libpg_query.statements(definition.encode())
    tree = parsed[0].tree if parsed else {}
    elements = (param.get("IndexElem", {}) for param in tree.get("indexParams", []))
    return tuple(Expression(element["expr"]) for element in elements if "expr" in element)


def of_domain(definition: str) -> tuple[bool, bool]:
    """Of a CREATE DOMAIN: whether it certainly takes NULL, and whether it has a default."""
    parsed = libpg_query.statements(definition.encode())
    tree = parsed[0].tree if parsed else {}
    found = [item.get("Constraint", {}) for item in tree.get("constraints", [])]
    kinds = {item.get("contype") for item in found}
    checks = [
        Expression(item["raw_expr"]) for item in found if item.get("contype") == "CONSTR_CHECK"
    ]
    takes = "CONSTR_NOTNULL" not in kinds and all(
        passes(check, frozenset({"value"})) for check in checks
    )
    return takes, "CONSTR_DEFAULT" in kinds


def _never(tree: _Tree, columns: frozenset[str]) -> bool:
    if len(tree) != 1:
        return False
    ((key, node),) = tree.items()
    if key in _NEVER:
        return True
    if key == "CoalesceExpr" or key == "MinMaxExpr":
        return any(_never(one, columns) for one in node.get("args", []))
    if key == "ColumnRef":
        return _column(node, columns)
    parts = _PARTS[key](node) if key in _PARTS else None
    return parts is not None and all(_never(one, columns) for one in parts)


def _operands(node: _Tree) -> list[_Tree] | None:
    kind, name = node.get("kind", "AEXPR_OP"), trees.strings(node.get("name"))[-1:]
    if kind != "AEXPR_OP" or name[0] not in _OPERATORS | {"||"}:
        return None
    return [node[side] for side in ("lexpr", "rexpr") if side in node]


def _arguments(node: _Tree) -> list[_Tree] | None:
    words = trees.strings(node.get("funcname"))
    if words[:-1] not in ((), ("pg_catalog",)):
        return None
    if words[-1] in _ALWAYS:
        return []
    return list(node.get("args", [])) if words[-1] in _FUNCTIONS | _GIVING else None


def _results(node: _Tree) -> list[_Tree]:
    found = [one.get("CaseWhen", {}).get("result", {}) for one in node.get("args", [])]
    return [*found, node.get("defresult", {})]


def _null(tree: _Tree, columns: frozenset[str]) -> bool:
    if len(tree) != 1:
        return False
    ((key, node),) = tree.items()
    reader = _READERS.get(key)
    return reader is not None and reader(node, columns)


def _column(node: _Tree, columns: frozenset[str]) -> bool:
    return trees.strings(node.get("fields"))[-1:] in {(name,) for name in columns}


def _operator(node: _Tree, columns: frozenset[str]) -> bool:
    kind, name = node.get("kind", "AEXPR_OP"), trees.strings(node.get("name"))[-1:]
    if kind not in _KINDS or name[0] not in _OPERATORS | _MATCHES:
        return False
    left, right = node.get("lexpr", {}), node.get("rexpr", {})
    if kind == "AEXPR_OP_ANY":  # of an empty array it is false
        return _null(left, columns) and _not_empty(right)
    if kind == "AEXPR_IN":
        return _null(left, columns)
    return _null(left, columns) or _null(right, columns)


def _not_empty(tree: _Tree) -> bool:
    while "TypeCast" in tree:
        tree = tree["TypeCast"].get("arg", {})
    return bool(tree.get("A_ArrayExpr", {}).get("elements"))


def _call(node: _Tree, columns: frozenset[str]) -> bool:
    words = trees.strings(node.get("funcname"))
    if words[-1] not in _FUNCTIONS or words[:-1] not in ((), ("pg_catalog",)):
        return False
    return any(_null(argument, columns) for argument in node.get("args", []))


def _inside(node: _Tree, columns: frozenset[str]) -> bool:
    return _null(node.get("arg", {}), columns)


def _negated(node: _Tree, columns: frozenset[str]) -> bool:
    arguments = node.get("args", [])
    return node.get("boolop") == "NOT_EXPR" and _null(arguments[0], columns)


_READERS: Mapping[str, Callable[[_Tree, frozenset[str]], bool]] = {
    "ColumnRef": _column,
    "A_Expr": _operator,
    "FuncCall": _call,
    "TypeCast": _inside,
    "CollateClause": _inside,
    "BoolExpr": _negated,
}
_PARTS: Mapping[str, Callable[[_Tree], list[_Tree] | None]] = {
    "A_Const": lambda node: None if node.get("isnull") else [],
    "A_Expr": _operands,
    "FuncCall": _arguments,
    "TypeCast": lambda node: [node.get("arg", {})],
    "CollateClause": lambda node: [node.get("arg", {})],
    "BoolExpr": lambda node: list(node.get("args", [])),
    "CaseExpr": _results,
}
