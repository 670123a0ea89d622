"""Comparisons of a column with a constant, as bounds of partitions and CHECKs hold them, and of
two columns, as statements join tables by them or a new foreign key refers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from zdm.model.expression import Constant, Expression, Words
from zdm.model.syntax import RelationName
from zdm.parse import expressions, libpg_query, trees
from zdm.parse.readers import relations

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


class Comparison(Struct, frozen=True, kw_only=True):
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
    kind = node.get("kind")
    column, values = _column(left), constants(right)
    if values is not None and kind == "AEXPR_OP_ANY" and not _is_list(right):
        values = _elements(values[0])
    if column is None or values is None:
        return None
    plain = kind == "AEXPR_OP" and len(values) == 1
    if plain or (kind in ("AEXPR_OP_ANY", "AEXPR_IN") and operator == "="):
        return Comparison(column=column, operator=operator, values=values)
    return None


_OTHERWISE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def alternatives(expression: Expression) -> tuple[Expression, ...]:
    """The tests that it joins by OR, at all depths; NOT (a > 1 AND b) is a <= 1 OR NOT b."""
    node: Mapping[str, Any] = expression.tree.get("BoolExpr", {})
    kind, parts = node.get("boolop"), [Expression(part) for part in node.get("args", [])]
    if kind == "NOT_EXPR":
        inner = parts[0].tree.get("BoolExpr", {})
        if inner.get("boolop") == "AND_EXPR":
            parts = [_otherwise(Expression(part)) for part in inner["args"]]
            return tuple(one for part in parts for one in alternatives(part))
        turned = _otherwise(parts[0])
        return (expression,) if turned.tree == expression.tree else alternatives(turned)
    if kind != "OR_EXPR":
        return (expression,)
    return tuple(one for part in parts for one in alternatives(part))


def _otherwise(expression: Expression) -> Expression:
    """The opposite of it, without NOT where that can be written so."""
    node: Mapping[str, Any] = expression.tree.get("A_Expr", {})
    operator = _OTHERWISE.get("".join(trees.strings(node.get("name"))))
    if node.get("kind") == "AEXPR_OP" and operator is not None:
        return Expression({"A_Expr": {**node, "name": [{"String": {"sval": operator}}]}})
    negated = Expression({"BoolExpr": {"boolop": "NOT_EXPR", "args": [expression.tree]}})
    return expressions.negated(negated) or negated


def equal(expression: Expression) -> tuple[str, Expression] | None:
    """The column and what it is equal to, where it is `column = something`, either way
    round."""
    node: Mapping[str, Any] = expression.tree.get("A_Expr", {})
    if node.get("kind") != "AEXPR_OP" or trees.strings(node.get("name")) != ("=",):
        return None
    left, right = Expression(node.get("lexpr", {})), Expression(node.get("rexpr", {}))
    for one, other in ((left, right), (right, left)):
        name = expressions.column(one)
        if name is not None:
            return name, other
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


def _is_list(expression: Expression) -> bool:
    return bool({"A_ArrayExpr", "List"} & {*expressions.without_cast(expression).tree})


_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s{}",\\][^{}",\\]*))\s*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)")


def _elements(text: str) -> tuple[str, ...] | None:
    """The values of an array that is written as one text: `{1,2}`; None for others."""
    inner = text.strip()
    if inner[:1] + inner[-1:] != "{}":
        return None
    inner, place, found = inner[1:-1].strip(), 0, list[str]()
    while place < len(inner):
        one = _ELEMENT.match(inner, place)
        if one is None or (one[2] or "").strip().upper() == "NULL":
            return None
        quoted, bare = one.groups()
        found.append(_ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.rstrip())
        place = one.end()
    return tuple(found)


class Join(Struct, frozen=True, kw_only=True):
    """Two columns that a statement compares by `=`, each with its table if it names that.
    `names`: all tables of the statement; `changed`: the one that it changes."""

    columns: tuple[str, str]
    tables: tuple[RelationName | None, RelationName | None]
    names: tuple[RelationName, ...]
    changed: RelationName | None


def joins(sql: str) -> Iterator[Join]:
    """Those of a text; functions and casts around the columns do not count."""
    for one in libpg_query.statements(sql.encode()):
        changed = one.tree.get("relation")
        nodes = [node for _, node in trees.walk({"root": one.tree}) if "relname" in node]
        named = {
            node.get("alias", {}).get("aliasname", node["relname"]): relations.read(node)
            for node in nodes
        }
        for left, right in _pairs(one.tree):
            yield Join(
                columns=(left[-1], right[-1]),
                tables=(_of(left, named), _of(right, named)),
                names=tuple(named.values()),
                changed=relations.read(changed) if changed else None,
            )


def _of(words: Words, named: Mapping[str, RelationName]) -> RelationName | None:
    return named.get(words[-2]) if len(words) > 1 else None


def _pairs(tree: Mapping[str, Any]) -> Iterator[tuple[Words, Words]]:
    for key, node in trees.walk({"root": tree}):
        if key == "A_Expr" and trees.strings(node.get("name")) == ("=",):
            sides = _single(node.get("lexpr")), _single(node.get("rexpr"))
        elif key == "SubLink" and node.get("subLinkType") == "ANY_SUBLINK":
            select = node.get("subselect", {}).get("SelectStmt", {})
            sides = _single(node.get("testexpr")), _single(select.get("targetList"))
        elif key == "Constraint" and node.get("contype") == "CONSTR_FOREIGN":
            sides = _referring(tree, node)
        else:
            continue
        left, right = sides
        if left is not None and right is not None:
            yield left, right


def _referring(
    tree: Mapping[str, Any], key: Mapping[str, Any]
) -> tuple[Words | None, Words | None]:
    """The column of ADD FOREIGN KEY and the one that it refers to."""
    own, other = trees.strings(key.get("fk_attrs")), trees.strings(key.get("pk_attrs"))
    child, parent = (t.get("relname") for t in (tree.get("relation", {}), key["pktable"]))
    if len(own) != 1 or len(other) != 1 or child is None:
        return None, None
    return (child, *own), (parent, *other)


def _single(tree: Any) -> Words | None:
    """The only column in it."""
    nodes = list(trees.walk({"root": tree}))
    found = [trees.strings(n.get("fields")) for key, n in nodes if key == "ColumnRef"]
    if len(found) != 1 or not found[0] or any(key == "SubLink" for key, _ in nodes):
        return None
    return found[0]
