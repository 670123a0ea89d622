"""Comparisons of a column with a constant, as bounds of partitions and CHECKs hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zdm.model.expression import Constant, Expression
from zdm.parse import expressions, trees

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`column operator value`; for `=` there may be several values, of ANY or IN."""

    column: str
    operator: str
    values: tuple[str, ...]


def read(expression: Expression) -> Comparison | None:
    """The comparison that it is; None for anything else."""
    node: Mapping[str, Any] = expression.tree.get("A_Expr", {})
    operator = "".join(trees.strings(node.get("name")))
    if operator not in _TURNED:
        return None
    left, right = Expression(node.get("lexpr", {})), Expression(node.get("rexpr", {}))
    if _column(left) is None:
        left, right, operator = right, left, _TURNED[operator]
    column, values = _column(left), constants(right)
    if column is None or values is None:
        return None
    kind = node.get("kind")
    plain = kind == "AEXPR_OP" and len(values) == 1
    if plain or (kind in ("AEXPR_OP_ANY", "AEXPR_IN") and operator == "="):
        return Comparison(column=column, operator=operator, values=values)
    return None


def _column(expression: Expression) -> str | None:
    return expressions.column(expressions.without_cast(expression))


def constants(expression: Expression) -> tuple[str, ...] | None:
    """Its values as text, where it is a constant or a list of them, cast or not."""
    inner = expressions.without_cast(expression)
    form = expressions.form(inner)
    if isinstance(form, Constant):
        return None if form.value is None else (form.value,)
    array = inner.tree.get("A_ArrayExpr") or inner.tree.get("List")
    if array is None:
        return None
    items = array.get("elements", array.get("items", []))
    found = [constants(Expression(item)) for item in items]
    if None in found:
        return None
    return tuple(value for values in found if values for value in values)
