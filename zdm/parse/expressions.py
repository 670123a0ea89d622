"""Expressions: read from text, asked, edited as trees, and written again.

The only place that knows how the parser spells a column, a call or a cast.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from zdm.model.expression import (
    Call,
    Cast,
    Coalesce,
    ColumnName,
    Constant,
    Every,
    Expression,
    Feature,
    Form,
    NullTest,
    OtherForm,
    Words,
)
from zdm.parse import session, trees, types

_FEATURES = {
    "SubLink": Feature.SUBQUERY,
    "TypeCast": Feature.CAST,
    "A_Expr": Feature.OPERATOR,
    "FuncCall": Feature.CALL,
    "SQLValueFunction": Feature.CURRENT_VALUE,
    "ParamRef": Feature.PARAMETER,
    "WindowDef": Feature.WINDOW,
    "MultiAssignRef": Feature.SEVERAL_COLUMNS,
    "SetToDefault": Feature.DEFAULT_VALUE,
}


def read(text: str) -> Expression:
    """One expression from its text; raises NotSqlError where it is anything else."""
    return Expression(trees.expression(text))


def sql(expression: Expression) -> str:
    """Its text, proved to read back as the same tree."""
    return trees.expression_sql(expression.tree)


def columns(expression: Expression) -> tuple[str, ...]:
    """The columns that it refers to, without qualifiers, each once, as they appear."""
    found = (
        trees.strings(node.get("fields"))
        for key, node in trees.walk({"root": expression.tree})
        if key == "ColumnRef"
    )
    return tuple(dict.fromkeys(words[-1] for words in found if words))


def every_column(expression: Expression) -> bool:
    """Whether it says `*` somewhere."""
    return any(key == "A_Star" for key, _ in trees.walk({"root": expression.tree}))


def functions(expression: Expression) -> tuple[Words, ...]:
    """Names, as written, of the functions that it calls."""
    return trees.functions(expression.tree)


def calls(expression: Expression) -> tuple[Call, ...]:
    """Every function call in it, with its arguments."""
    found = (node for key, node in trees.walk({"root": expression.tree}) if key == "FuncCall")
    return tuple(Call(trees.strings(n.get("funcname")), _expressions(n)) for n in found)


def features(expression: Expression) -> frozenset[Feature]:
    """What it holds, beside columns and functions."""
    return features_of(expression.tree)


def features_of(tree: Mapping[str, Any]) -> frozenset[Feature]:
    """The same of any tree."""
    keys = {key for key, _ in trees.walk({"root": tree})}
    return frozenset(_FEATURES[key] for key in keys & _FEATURES.keys())


def form(expression: Expression) -> Form:
    """Its outermost form."""
    if len(expression.tree) == 1:
        ((key, node),) = expression.tree.items()
        reader = _FORMS.get(key)
        if reader is not None:
            return reader(node)
    return OtherForm()


def _column(node: Mapping[str, Any]) -> Form:
    words = trees.strings(node.get("fields"))
    return ColumnName(words) if words else OtherForm()


def _constant(node: Mapping[str, Any]) -> Form:
    if "isnull" in node:
        return Constant(None)
    value = session.constant({"A_Const": node})
    return OtherForm() if value is None else Constant(value, is_string="sval" in node)


def _test(node: Mapping[str, Any]) -> Form:
    return NullTest(
        Expression(node.get("arg", {})), negated=node.get("nulltesttype") == "IS_NOT_NULL"
    )


def _every(node: Mapping[str, Any]) -> Form:
    if node.get("boolop") != "AND_EXPR":
        return OtherForm()
    return Every(_expressions(node))


def _call(node: Mapping[str, Any]) -> Form:
    return Call(trees.strings(node.get("funcname")), _expressions(node))


def _cast(node: Mapping[str, Any]) -> Form:
    return Cast(Expression(node["arg"]), types.read(node["typeName"]))


def _expressions(node: Mapping[str, Any]) -> tuple[Expression, ...]:
    return tuple(Expression(item) for item in node.get("args", []))


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Form]] = {
    "ColumnRef": _column,
    "A_Const": _constant,
    "NullTest": _test,
    "BoolExpr": _every,
    "FuncCall": _call,
    "TypeCast": _cast,
    "CoalesceExpr": lambda node: Coalesce(_expressions(node)),
}


def without_cast(expression: Expression) -> Expression:
    """What is cast, where its outermost form is a cast; else itself."""
    if "TypeCast" not in expression.tree:
        return expression
    outermost = form(expression)
    return outermost.of if isinstance(outermost, Cast) else expression


def column(expression: Expression) -> str | None:
    """The column's name, where it is a bare or qualified column and nothing more."""
    outermost = form(expression)
    return outermost.words[-1] if isinstance(outermost, ColumnName) else None


def is_constant(expression: Expression) -> bool:
    """Whether it is a constant and nothing more."""
    return "A_Const" in expression.tree and isinstance(form(expression), Constant)


def is_null(expression: Expression) -> bool:
    """Whether it is the constant NULL."""
    return "A_Const" in expression.tree and form(expression) == Constant(None)


def null_test(expression: Expression) -> tuple[str, bool] | None:
    """(column, negated) where it is `column IS [NOT] NULL` and nothing more."""
    outermost = form(expression)
    if not isinstance(outermost, NullTest):
        return None
    tested = column(outermost.of)
    return None if tested is None else (tested, outermost.negated)


def negated(expression: Expression) -> Expression | None:
    """What it says the opposite of by NOT, turned: NOT (a IS NULL OR b) is (a IS NOT NULL AND
    NOT b). None where it is no NOT, or another one."""
    tree = expression.tree.get("BoolExpr", {})
    if tree.get("boolop") != "NOT_EXPR":
        return None
    ((key, inner),) = tree["args"][0].items()
    if key == "NullTest":
        other = "IS_NULL" if inner["nulltesttype"] == "IS_NOT_NULL" else "IS_NOT_NULL"
        return Expression({key: {**inner, "nulltesttype": other}})
    if key == "BoolExpr" and inner.get("boolop") == "OR_EXPR":
        parts = [{"BoolExpr": {"boolop": "NOT_EXPR", "args": [arg]}} for arg in inner["args"]]
        return Expression({key: {"boolop": "AND_EXPR", "args": parts}})
    if key == "BoolExpr" and inner.get("boolop") == "NOT_EXPR":
        return Expression(inner["args"][0])
    return None


def null_tested(expression: Expression) -> frozenset[str]:
    """The columns that it tests for NULL or NOT NULL, at whatever place in it."""
    found = (node for key, node in trees.walk({"root": expression.tree}) if key == "NullTest")
    names = (column(Expression(node.get("arg", {}))) for node in found)
    return frozenset(name for name in names if name is not None)


def bare(expression: Expression) -> str:
    """Its text with its columns by bare names, without table or alias."""
    return _with_columns(expression, lambda words: (words[-1],))


def of_row(expression: Expression, record: str, known: frozenset[str]) -> str:
    """Its text with each known column as a field of `record` (`new` in a trigger)."""
    return _with_columns(
        expression, lambda words: (record, words[-1]) if words[-1] in known else words
    )


def replaced(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """It with these columns replaced by expressions."""
    return Expression(_replaced(expression.tree, values))


def _replaced(tree: Any, values: Mapping[str, Expression]) -> Any:
    match tree:
        case {"ColumnRef": node} if trees.strings(node.get("fields"))[-1:]:
            value = values.get(trees.strings(node.get("fields"))[-1])
            return tree if value is None else value.tree
        case Mapping():
            return {key: _replaced(value, values) for key, value in tree.items()}
        case list():
            return [_replaced(item, values) for item in tree]
        case _:
            return tree


_PLAIN = frozenset({"ColumnRef", "A_Const", "CoalesceExpr", "BoolExpr", "NullTest", "String"})


def is_plain(expression: Expression) -> bool:
    """Whether it names no function, operator or type, so that it means the same everywhere."""
    keys = {key for key, _ in trees.walk({"root": expression.tree})}
    return {key for key in keys if key[:1].isupper()} <= _PLAIN


_COMPARES = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*"})
_TESTS = frozenset({"A_Expr", "BooleanTest", "List", "TypeCast", "A_ArrayExpr", "TypeName"})


def never_fails(expression: Expression) -> bool:
    """Whether it has a value for every row: comparisons of columns and constants, joined."""
    nodes = list(trees.walk({"root": expression.tree}))
    operators = {trees.strings(n.get("name"))[-1:] for key, n in nodes if key == "A_Expr"}
    return (
        {key for key, _ in nodes if key[:1].isupper()} <= _PLAIN | _TESTS
        and operators <= {(name,) for name in _COMPARES}
        and not any(columns(cast.of) for cast in casts(expression))
    )


def names_operator(expression: Expression) -> bool:
    """Whether it gives an operator its schema: `OPERATOR(s.=)`."""
    nodes = (node for key, node in trees.walk({"root": expression.tree}) if key == "A_Expr")
    return any(len(trees.strings(node.get("name"))) > 1 for node in nodes)


def session_values(expression: Expression) -> tuple[str, ...]:
    """What it asks by keyword, without a precision: current_user, current_timestamp …"""
    found = trees.walk({"root": expression.tree})
    words = (str(node.get("op", "")) for key, node in found if key == "SQLValueFunction")
    return tuple(w.removeprefix("SVFOP_").removesuffix("_N").lower() for w in words)


def casts(expression: Expression) -> tuple[Cast, ...]:
    """Every cast in it."""
    found = (node for key, node in trees.walk({"root": expression.tree}) if key == "TypeCast")
    return tuple(Cast(Expression(n["arg"]), types.read(n["typeName"])) for n in found)


def renamed(expression: Expression, old: str, new: str) -> Expression:
    """It with every reference to column `old` renamed."""
    return Expression(trees.rename_column(expression.tree, old, new))


def _with_columns(expression: Expression, change: Callable[[Words], Words]) -> str:
    copy = deepcopy(dict(expression.tree))
    for key, node in trees.walk({"root": copy}):
        words = trees.strings(node.get("fields")) if key == "ColumnRef" else ()
        if words and isinstance(node, dict):
            node["fields"] = [{"String": {"sval": word}} for word in change(words)]
    return trees.expression_sql(copy)
