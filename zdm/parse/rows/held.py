"""Whether a condition is true for a row that holds known values, in three-valued logic.

Only comparisons of columns with constants are read, of types whose texts say which values are
the same; of anything else nothing is known.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from zdm.model.expression import Cast, Coalesce, Constant, Expression
from zdm.parse import expressions, trees

_Tree = Mapping[str, Any]
_Truth = Literal["true", "false", "null", "unknown"]
_TRUE = frozenset({"on", "t", "true", "y", "yes", "1"})
_FALSE = frozenset({"off", "f", "false", "n", "no", "0"})
_NOT: dict[_Truth, _Truth] = {"true": "false", "false": "true"}
_BOOLEANS = {"IS_TRUE": "true", "IS_FALSE": "false"}
_LENGTH = re.compile(r"\((\d+)\)")
_NAMES = {
    "integer": {"int2", "int4", "int8"},
    "text": {"text", "varchar"},
    "boolean": {"bool"},
}


class Held(Struct, frozen=True):
    """A value, and how it is compared; None: it is NULL."""

    value: str | None
    kind: str


def held(constant: Expression, type: str) -> Held | None:
    """A constant as a column of the type holds it; None where that is not certain."""
    kind = _kind(type)
    found = _value(constant, {}, kind) if kind else None
    longest = _LENGTH.search(type)
    if found is None or (longest and len(found.value or "") > int(longest[1])):
        return None
    return found


def is_true(condition: Expression, values: Mapping[str, Held]) -> bool:
    """It is certainly true of a row with these values."""
    return _truth(condition.tree, values) == "true"


def is_false(condition: Expression, values: Mapping[str, Held]) -> bool:
    """It is certainly false or NULL, so it does not take such a row."""
    return _truth(condition.tree, values) in ("false", "null")


def _kind(type: str) -> str:
    if type in ("smallint", "integer", "bigint"):
        return "integer"
    if type == "text" or type.startswith("character varying"):
        return "text"
    return "boolean" if type == "boolean" else ""


def _canonical(text: str, kind: str) -> str | None:
    if kind == "integer":
        digits = text.strip().removeprefix("-")
        return str(int(text)) if digits.isascii() and digits.isdigit() else None
    if kind == "boolean":
        word = text.strip().lower()
        return "on" if word in _TRUE else "off" if word in _FALSE else None
    return text


def _truth(tree: _Tree, values: Mapping[str, Held]) -> _Truth:
    if "BoolExpr" in tree:
        return _joined(tree["BoolExpr"], values)
    if "NullTest" in tree:
        return _null_test(tree["NullTest"], values)
    if "BooleanTest" in tree:
        return _boolean_test(tree["BooleanTest"], values)
    if "A_Expr" in tree:
        return _compared(tree["A_Expr"], values)
    found = _operand(Expression(tree), values)
    if found is None or found.kind != "boolean":
        return "unknown"
    return "null" if found.value is None else "true" if found.value == "on" else "false"


def _joined(node: _Tree, values: Mapping[str, Held]) -> _Truth:
    found = [_truth(one, values) for one in node["args"]]
    if node["boolop"] == "NOT_EXPR":
        return _NOT.get(found[0], found[0])
    decides: _Truth = "false" if node["boolop"] == "AND_EXPR" else "true"
    order: tuple[_Truth, ...] = (decides, "unknown", "null")
    return next((one for one in order if one in found), _NOT[decides])


def _null_test(node: _Tree, values: Mapping[str, Held]) -> _Truth:
    found = _operand(Expression(node.get("arg", {})), values)
    if found is None:
        return "unknown"
    wants = node.get("nulltesttype") == "IS_NULL"
    return "true" if (found.value is None) is wants else "false"


def _boolean_test(node: _Tree, values: Mapping[str, Held]) -> _Truth:
    how = str(node.get("booltesttype"))
    found = _truth(node.get("arg", {}), values)
    if found == "unknown" or how.replace("NOT_", "") not in _BOOLEANS:
        return "unknown"
    same = found == _BOOLEANS[how.replace("NOT_", "")]
    return "true" if same is ("NOT_" not in how) else "false"


def _compared(node: _Tree, values: Mapping[str, Held]) -> _Truth:
    kind, operator = node.get("kind"), "".join(trees.strings(node.get("name")))
    left, right = (Expression(node.get(side, {})) for side in ("lexpr", "rexpr"))
    if kind in ("AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
        pair = _pair(left, right, values)
        if pair is None:
            return "unknown"
        return "true" if (pair[0] == pair[1]) is (kind != "AEXPR_DISTINCT") else "false"
    if kind == "AEXPR_IN" and operator in ("=", "<>"):
        return _among(left, right, operator, values)
    if kind != "AEXPR_OP" or operator not in ("=", "<>", "!="):
        return "unknown"
    return _equal(_pair(left, right, values), wanted=operator == "=")


def _equal(pair: tuple[str | None, str | None] | None, *, wanted: bool) -> _Truth:
    if pair is None:
        return "unknown"
    if None in pair:
        return "null"
    return "true" if (pair[0] == pair[1]) is wanted else "false"


def _among(
    left: Expression, right: Expression, operator: str, values: Mapping[str, Held]
) -> _Truth:
    items = right.tree.get("List", {}).get("items", [])
    found = [_equal(_pair(left, Expression(one), values), wanted=True) for one in items]
    order: tuple[_Truth, ...] = ("true", "unknown", "null")
    answer: _Truth = next((one for one in order if one in found), "false")
    return answer if operator == "=" else _NOT.get(answer, answer)


def _pair(
    left: Expression, right: Expression, values: Mapping[str, Held]
) -> tuple[str | None, str | None] | None:
    """Both values, compared as the type of the one that is a column compares them."""
    kinds = {one.kind for one in (*_columns(left, values), *_columns(right, values))}
    if len(kinds) != 1:
        return None
    one, other = (_value(side, values, *kinds) for side in (left, right))
    return None if one is None or other is None else (one.value, other.value)


def _columns(of: Expression, values: Mapping[str, Held]) -> Iterator[Held]:
    yield from (values[name] for name in expressions.columns(of) if name in values)


def _operand(of: Expression, values: Mapping[str, Held]) -> Held | None:
    kinds = {one.kind for one in _columns(of, values)}
    return _value(of, values, *kinds) if len(kinds) == 1 else None


def _value(of: Expression, values: Mapping[str, Held], kind: str) -> Held | None:
    """A column that is known, a constant, or COALESCE of these."""
    match expressions.form(of):
        case Constant(value=None):
            return Held(None, kind)
        case Constant(value=str(text)):
            value = _canonical(text, kind)
            return None if value is None else Held(value, kind)
        case Coalesce(arguments=arguments):
            return _first(arguments, values, kind)
        case Cast(of=inner, type=named) if not (named.has_modifiers or named.dimensions):
            return _value(inner, values, kind) if named.words[-1] in _NAMES[kind] else None
    name = expressions.column(of)
    return values.get(name) if name is not None else None


def _first(
    arguments: tuple[Expression, ...], values: Mapping[str, Held], kind: str
) -> Held | None:
    for one in arguments:
        found = _value(one, values, kind)
        if found is None or found.value is not None:
            return found
    return Held(None, kind)
