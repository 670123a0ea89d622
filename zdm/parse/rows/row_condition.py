"""A DELETE or UPDATE with other tables beside it, read as a condition of one row.

`DELETE FROM t AS a USING s WHERE …` deletes the rows for which `EXISTS (SELECT FROM s WHERE …)`
is true, with `t` for `a`. So it can be cut into batches, and asked again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from zdm.model.expression import Expression, Words
from zdm.model.statement import Action
from zdm.parse import trees
from zdm.parse.rows import guards

_Tree = Mapping[str, Any]
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_SELECT: Mapping[str, Any] = {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}
_ODD = frozenset({"MultiAssignRef", "SetToDefault"})
_TOGETHER = ("groupClause", "havingClause", "distinctClause", "over")
_SIDES = ("lexpr", "rexpr")
# Of rows in whatever order, and in a given one; a window has OVER besides.
AGGREGATES = frozenset(
    {"count", "min", "max", "sum", "avg", "bool_and", "bool_or", "every", "bit_and", "bit_or"}
)
IN_ORDER = frozenset(
    re.findall(
        r"\w+",
        """array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg xmlagg mode
        percentile_cont percentile_disc row_number rank dense_rank percent_rank cume_dist ntile
        lag lead first_value last_value nth_value""",
    )
)


class Updated(Struct, frozen=True, kw_only=True):
    """What an UPDATE does to one row. `values`: expressions of the row, by column; `rows`: a
    query for all of them, as `zdm_1`, `zdm_2` …, empty where the row is not meant;
    `qualified`: columns of the row that values and WHERE read; `reads`: those by which the
    values would be others a second time; `unqualified`: those of them by the bare name, each
    with the tables of the subqueries around it, whose column it may be."""

    values: tuple[tuple[str, str], ...]
    rows: str
    qualified: frozenset[str]
    reads: frozenset[str]
    unqualified: frozenset[tuple[str, frozenset[str]]]


def updated(action: Action) -> Updated | None:
    """An UPDATE with other tables beside it; None where no expressions of the row say it."""
    tree = action.tree
    targets = [item["ResTarget"] for item in tree.get("targetList", [])]
    odd = any("indirection" in t or _ODD & {*t["val"]} for t in targets)
    returns = tree.get("returningList") or tree.get("returningClause")
    if odd or returns or _changes_rows({"WITH": tree.get("withClause", {})}):
        return None
    alias, name = _name(tree["relation"]), tree["relation"]["relname"]
    parts = {
        key: tree[key] for key in ("fromClause", "whereClause", "withClause") if key in tree
    }
    whole = {**parts, "values": [t["val"] for t in targets]}
    if alias != name and {alias, name} & {*_visible(whole)}:
        return None
    given = [(t["name"], t["val"]) for t in targets]
    read = _deciding(targets, _unguarded(parts, given, alias), alias)
    said = _renamed(whole, alias, name) if alias != name else whole
    values = said.pop("values")
    columns = [t["name"] for t in targets]
    beside = "fromClause" in said or "withClause" in said
    of_each = _unguarded(said, [*zip(columns, values, strict=True)], name)
    texts = [
        _one(value, of_each) if beside else trees.expression_sql(value) for value in values
    ]
    named = [
        {"ResTarget": {"name": f"zdm_{n}", "val": value}} for n, value in enumerate(values, 1)
    ]
    rows = trees.deparse("SelectStmt", {**_SELECT, **said, "targetList": named})
    return Updated(
        values=tuple(zip(columns, texts, strict=True)),
        rows=rows,
        qualified=_of(alias, whole),
        reads=_of(alias, read),
        unqualified=frozenset(_bare([*read.values()], frozenset())),
    )


def _one(value: _Tree, parts: _Tree) -> str:
    """The query of one value, which fails where several rows match; a constant is itself, as
    its type follows from the column."""
    if not any(key == "ColumnRef" for key, _ in trees.walk({"root": value})):
        return trees.expression_sql(value)
    target = [{"ResTarget": {"val": value}}]
    return f"({trees.deparse('SelectStmt', {**_SELECT, **parts, 'targetList': target})})"


def _tested(whole: _Tree, alias: str) -> _Tree:
    """The parts, without the tests of WHERE that are of the row alone: what has its values
    either meets them still, or is meant no more."""
    every = trees.tests(whole.get("whereClause", {}))
    return {**whole, "whereClause": [one for one in every if not _of_row_alone(one, alias)]}


def _of_row_alone(test: _Tree, alias: str) -> bool:
    if "NullTest" in test and "ColumnRef" in test["NullTest"]["arg"]:
        return True
    asks = any(key == "SubLink" for key, _ in trees.walk({"root": test}))
    return not asks and all(words[:-1] == (alias,) for words in _columns(test))


def _unguarded(parts: _Tree, given: Sequence[tuple[str, Any]], alias: str) -> _Tree:
    """The parts, without the tests of WHERE that a column has not its new value yet: a row that
    has it is meant no more. So a value is that of all rows which match, and several stop it."""
    if "whereClause" not in parts:
        return parts
    tests = [*trees.tests(parts["whereClause"])]
    left = [test for test in tests if not guards.is_guard(test, given, alias)]
    if len(left) == len(tests):
        return parts
    others = {key: part for key, part in parts.items() if key != "whereClause"}
    both = {"BoolExpr": {"boolop": "AND_EXPR", "args": left}}
    return {**others, "whereClause": both if len(left) > 1 else left[0]} if left else others


def _deciding(targets: list[_Tree], parts: _Tree, alias: str) -> _Tree:
    """What would give the values a second time: the values, and FROM and WHERE where rows of
    other tables give them. `c = coalesce(c, …)` keeps what it has given once."""
    values = [_but_itself(target, alias) for target in targets]
    beside = "fromClause" in parts or "withClause" in parts
    if not beside or not _columns({"values": [target["val"] for target in targets]}):
        return {"values": values}
    return _tested({**parts, "values": values}, alias)


def _but_itself(target: _Tree, alias: str) -> Any:
    value, own = target["val"], ((target["name"],), (alias, target["name"]))
    parts = value.get("CoalesceExpr", {}).get("args", [])
    others = [
        part
        for part in parts
        if trees.strings(part.get("ColumnRef", {}).get("fields")) not in own
    ]
    return others if len(others) < len(parts) else value


def _of(alias: str, tree: _Tree) -> frozenset[str]:
    """The columns that are read of the rows of that name."""
    return frozenset(words[-1] for words in _columns(tree) if alias in words[-2:-1])


def _columns(tree: _Tree) -> list[Words]:
    """The columns that are read, as written."""
    nodes = trees.walk({"root": tree})
    return [trees.strings(n.get("fields")) for key, n in nodes if key == "ColumnRef"]


def bare(expression: Expression) -> frozenset[tuple[str, frozenset[str]]]:
    """The columns that it names without a qualifier, each with the tables of the subqueries
    around it, whose column it may be."""
    return frozenset(_bare(expression.tree, frozenset()))


def _bare(tree: Any, around: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The columns without a qualifier, and the tables in FROM of the queries around them."""
    match tree:
        case {"ColumnRef": node}:
            words = trees.strings(node.get("fields"))
            if len(words) == 1:
                yield words[0], around
        case Mapping():
            inner = around | {*_tables(tree.get("fromClause", []))}
            for part in tree.values():
                yield from _bare(part, inner)
        case list():
            for part in tree:
                yield from _bare(part, around)


def _tables(tree: Any) -> Iterator[str]:
    """The tables of a FROM whose columns have their own names in the query: not those within
    a query in FROM, nor with a list of other names."""
    match tree:
        case list():
            for part in tree:
                yield from _tables(part)
        case {"JoinExpr": join} if not join.get("alias", {}).get("colnames"):
            yield from _tables([join["larg"], join["rarg"]])
        case {"RangeVar": table} if not table.get("alias", {}).get("colnames"):
            yield table["relname"]


def read(action: Action) -> Expression | None:
    """The condition under which it takes a row; None where no condition of the row says it."""
    tree = action.tree
    where = tree.get("whereClause")
    alias = tree["relation"].get("alias", {}).get("aliasname", "")
    name = tree["relation"]["relname"]
    returns = tree.get("returningList") or tree.get("returningClause")
    if where is None or returns or _changes_rows(tree):
        return None
    others = tree.get("usingClause", tree.get("fromClause"))
    if others or tree.get("withClause"):
        where = _exists(others or [], where, tree.get("withClause"))
    if alias and alias != name:
        if {alias, name} & set(_visible(where)):
            return None
        where = _renamed(where, alias, name)
    return Expression(where)


def _changes_rows(tree: _Tree) -> bool:
    """Whether a WITH in it changes rows."""
    return any(key in _CHANGES for key, _ in trees.walk({"root": tree}))


def counts_rows(action: Action) -> bool:
    """Whether a query in it takes rows together: aggregates, GROUP BY, DISTINCT, windows."""
    return any(
        any(node.get(word) for word in _TOGETHER)
        or (
            key == "FuncCall"
            and {*trees.strings(node.get("funcname"))} & (AGGREGATES | IN_ORDER)
        )
        for key, node in trees.walk({"root": action.tree})
    )


def windows(action: Action) -> bool:
    """Whether a query in it reads all rows of a window for each of them."""
    return any(node.get("over") for _, node in trees.walk({"root": action.tree}))


def called(expression: Expression) -> tuple[Words, ...]:
    """The functions that it calls, but for aggregates and windows that are the same in whatever
    order rows are read."""
    nodes = list(trees.walk({"root": expression.tree}))
    ordered = {n.get("name") for key, n in nodes if key == "WindowDef" and "orderClause" in n}
    return tuple(
        trees.strings(node.get("funcname"))
        for key, node in nodes
        if key == "FuncCall" and not _settled(node, ordered)
    )


def _settled(call: _Tree, ordered: set[Any]) -> bool:
    name, over = trees.strings(call.get("funcname"))[-1], call.get("over", {})
    in_order = "agg_order" in call or "orderClause" in over or over.get("name") in ordered
    return name in AGGREGATES or (name in IN_ORDER and in_order)


def keeps_lowest(action: Action) -> str | None:
    """The column by which a DELETE with its own table beside it takes the higher of two rows
    that have the same values: `USING t AS b WHERE a.email = b.email AND a.id > b.id`, or the
    same in EXISTS. It leaves the same rows however it is cut: a row that goes because of a
    lower one goes because of the lowest one, too, which stays."""
    tree = action.tree
    relation = tree["relation"]
    if tree.get("withClause") or "whereClause" not in tree:
        return None
    others, tests = _beside(tree.get("usingClause", []), [*trees.tests(tree["whereClause"])])
    beside = others[0].get("RangeVar", {}) if len(others) == 1 else {}
    if not all(beside.get(key) == relation.get(key) for key in ("relname", "schemaname")):
        return None
    if beside.get("alias", {}).get("colnames"):
        return None
    names = {_name(relation), _name(beside)}
    found = [_compares(test, names) for test in tests]
    orders = [column for column in found if column]
    return orders[0] if len(orders) == 1 and None not in found else None


def _beside(others: list[Any], tests: list[_Tree]) -> tuple[list[Any], list[_Tree]]:
    """The tables beside it and all tests, where one EXISTS holds them."""
    links = [test["SubLink"] for test in tests if "SubLink" in test]
    if others or len(links) != 1 or links[0]["subLinkType"] != "EXISTS_SUBLINK":
        return others, tests
    select = links[0]["subselect"]["SelectStmt"]
    if select.keys() - {*_SELECT, "fromClause", "whereClause", "targetList"}:
        return others, tests
    own = [test for test in tests if "SubLink" not in test]
    return select.get("fromClause", []), [*own, *trees.tests(select.get("whereClause", {}))]


def _compares(test: _Tree, names: set[str]) -> str | None:
    """The column by which it puts the two rows in order; empty where it does not; None where
    it cannot be known."""
    used = _rows_of(test)
    if used is None or not used <= names:
        return None
    if len(used) == 1:
        return ""  # a condition of one of the two
    node = test.get("A_Expr", {})
    left, right = (node.get(side, {}) for side in _SIDES)
    operator = "".join(trees.strings(node.get("name")))
    apart = [_rows_of(left), _rows_of(right)]
    if not all(one is not None and len(one) == 1 for one in apart) or apart[0] == apart[1]:
        return None
    if _of_any_row(left) != _of_any_row(right):
        return None
    if node.get("kind") == "AEXPR_NOT_DISTINCT":
        return ""
    if node.get("kind") != "AEXPR_OP" or operator not in ("=", "<", ">"):
        return None
    column = trees.strings(left.get("ColumnRef", {}).get("fields"))[-1:]
    return "" if operator == "=" else next(iter(column), None)


def _rows_of(tree: _Tree) -> set[str] | None:
    """The rows whose columns it names; None where it asks more."""
    nodes = list(trees.walk({"root": tree}))
    refs = [trees.strings(n.get("fields")) for key, n in nodes if key == "ColumnRef"]
    if any(key == "SubLink" for key, _ in nodes) or any(len(r) != 2 for r in refs):
        return None
    return {ref[0] for ref in refs}


def _of_any_row(tree: Any) -> Any:
    """It with its columns by the bare name, and without places in the text."""
    match tree:
        case {"ColumnRef": node}:
            return {"ColumnRef": trees.strings(node["fields"])[-1:]}
        case Mapping():
            return {k: _of_any_row(part) for k, part in tree.items() if k != "location"}
        case list():
            return [_of_any_row(part) for part in tree]
        case _:
            return tree


def _name(relation: _Tree) -> str:
    alias: str = relation.get("alias", {}).get("aliasname", "")
    return alias or relation.get("relname", "")


def _exists(others: list[Any], where: _Tree, queries: _Tree | None) -> _Tree:
    select = {**_SELECT, "whereClause": where}
    if others:
        select["fromClause"] = others
    if queries is not None:
        select["withClause"] = queries
    return {"SubLink": {"subLinkType": "EXISTS_SUBLINK", "subselect": {"SelectStmt": select}}}


def _visible(tree: _Tree) -> Iterator[str]:
    """Every name that a query in it gives to rows."""
    for key, node in trees.walk({"root": tree}):
        if "relname" in node and "alias" not in node:
            yield node["relname"]
        if key == "alias":
            yield node.get("aliasname", "")
        if key == "CommonTableExpr":
            yield node.get("ctename", "")


def _renamed(tree: Any, old: str, new: str) -> Any:
    """The tree with `new` for `old` where it qualifies a column."""
    match tree:
        case {"ColumnRef": node} if len(node.get("fields", [])) == 2:
            first, *rest = node["fields"]
            if trees.strings([first]) == (old,):
                first = {"String": {"sval": new}}
            return {"ColumnRef": {**node, "fields": [first, *rest]}}
        case Mapping():
            return {key: _renamed(value, old, new) for key, value in tree.items()}
        case list():
            return [_renamed(item, old, new) for item in tree]
        case _:
            return tree
