"""An INSERT of rows that a query makes of tables, read as work that can be cut into batches.

`INSERT INTO d (a) SELECT s.x FROM t AS s JOIN …` takes the rows of `t` batch by batch: the
INSERT reads them as `zdm_rows AS s`, and whether a row of `t` needs it is asked with
`(SELECT t.*) AS s` in its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from zdm.model.expression import Expression
from zdm.model.fields.hidden import Carrying
from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import trees
from zdm.parse.readers import relations
from zdm.parse.rows.row_condition import AGGREGATES

_Tree = Mapping[str, Any]
ROWS = "zdm_rows"
_SELECT = "SelectStmt"
_TOGETHER = ("groupClause", "havingClause", "windowClause")
_CHOOSES = ("limitCount", "limitOffset", "lockingClause", "withClause")
_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_ONE_BY_ONE = frozenset({"lower", "upper", "trim", "btrim", "md5", "concat", "format"})
# which tables of a JOIN give at most one row for each combination that it yields
_SIDES = {"JOIN_INNER": "larg rarg", "JOIN_LEFT": "larg", "JOIN_RIGHT": "rarg"}


class Walked(Carrying, frozen=True, kw_only=True):
    """A table in FROM whose rows can be taken in batches; `name` is what the query calls it."""

    hidden: ClassVar[tuple[str, ...]] = ("node",)

    relation: RelationName
    name: str
    node: _Tree


class Copied(Struct, frozen=True, kw_only=True):
    """What it inserts: `values` by column, of the query's rows. `alone`: they come from the
    walked table only; `distinct`: equal ones once; `ordered`: by ORDER BY; `on_conflict`:
    whether it says DO NOTHING; `arbiter`: the columns for which it says so."""

    values: tuple[tuple[str, Expression], ...]
    alone: bool
    distinct: bool
    ordered: bool
    on_conflict: bool
    arbiter: tuple[str, ...]


def walkable(action: Action) -> tuple[Walked, ...]:
    """The tables of which one row makes rows of its own; none where the query takes rows
    together, or some of several."""
    tree = action.tree
    select = tree.get("selectStmt", {}).get(_SELECT, {})
    if any(tree.get(part) for part in ("withClause", "returningList", "returningClause")):
        return ()
    conflict = tree.get("onConflictClause", {}).get("action", "ONCONFLICT_NOTHING")
    if conflict != "ONCONFLICT_NOTHING" or not select.get("targetList"):
        return ()
    if any(select.get(part) for part in (*_TOGETHER, *_CHOOSES)) or _picks(select):
        return ()
    if _aggregates(select["targetList"]) or _places(tree):
        return ()
    return tuple(_walked(node) for node in _tables(select.get("fromClause", [])))


def _picks(select: _Tree) -> bool:
    """Whether it is DISTINCT ON, or a subquery of it samples or locks rows."""
    return any(select.get("distinctClause", ())) or any(
        key == "RangeTableSample" or node.get("lockingClause")
        for key, node in trees.walk({"root": select})
    )


def _aggregates(targets: Sequence[_Tree]) -> bool:
    """Whether a value may be one of several rows. A column outside of calls shows that there
    is no GROUP BY missing."""
    called = [{*trees.strings(c.get("funcname"))} for c in _outside(targets, "FuncCall")]
    if any(call.get("over") for call in _outside(targets, "FuncCall")):
        return True
    if any(words & AGGREGATES for words in called):
        return True
    plain = next(_outside(targets, "ColumnRef", but="FuncCall"), None)
    return plain is None and any(not words & _ONE_BY_ONE for words in called)


def _outside(tree: Any, wanted: str, but: str = "") -> Iterator[_Tree]:
    """The nodes of a kind outside of subqueries, and of another kind."""
    match tree:
        case Mapping():
            for key, value in tree.items():
                if key == wanted:
                    yield value
                if key not in ("SubLink", but):
                    yield from _outside(value, wanted, but)
        case list():
            for item in tree:
                yield from _outside(item, wanted, but)


def _places(tree: _Tree) -> bool:
    """Whether it names columns with their schema, or those of the system."""
    refs = [trees.strings(n.get("fields")) for key, n in trees.walk(tree) if key == "ColumnRef"]
    return any(len(words) > 2 or {*words[-1:]} & _SYSTEM for words in refs)


def _tables(items: Sequence[_Tree]) -> Iterator[_Tree]:
    for item in items:
        node, join = item.get("RangeVar"), item.get("JoinExpr", {})
        if node is not None and not node.get("alias", {}).get("colnames"):
            yield node
        if not join.get("alias"):
            sides = _SIDES.get(join.get("jointype"), "").split()
            yield from _tables([join[side] for side in sides])


def _walked(node: _Tree) -> Walked:
    alias = node.get("alias", {}).get("aliasname", "")
    return Walked(relation=relations.read(node), name=alias or node["relname"], node=node)


def read(
    action: Action, walked: Walked, columns: Sequence[str], target: Sequence[str]
) -> Copied | None:
    """Its values, where `columns` are those of the walked table and `target` those of the
    other one; None where the two lists do not fit."""
    tree = action.tree
    select = tree["selectStmt"][_SELECT]
    alone = len(select["fromClause"]) == 1 and "RangeVar" in select["fromClause"][0]
    values = [*_values(select, walked, columns if alone else ())]
    named = [item["ResTarget"] for item in tree.get("cols", [])]
    into = [one["name"] for one in named if "indirection" not in one] or [*target]
    into = into if named else into[: len(values)]
    if None in values or len(into) != len(values) or len(into) < len(named):
        return None
    conflict = tree.get("onConflictClause")
    elements = (conflict or {}).get("infer", {}).get("indexElems", [])
    return Copied(
        values=tuple(
            (column, Expression(value))
            for column, value in zip(into, values, strict=True)
            if value is not None
        ),
        alone=alone,
        distinct="distinctClause" in select,
        ordered="sortClause" in select,
        on_conflict=conflict is not None,
        arbiter=tuple(item["IndexElem"].get("name", "") for item in elements),
    )


def takes_whole(action: Action, walked: Walked, columns: Sequence[str]) -> bool:
    """Whether it names a row of the walked table as one value: as `t`, `f(t.*)` or `t.f`."""
    select = action.tree["selectStmt"][_SELECT]
    spelt = [item["ResTarget"]["val"].get("ColumnRef") for item in select["targetList"]]
    for key, node in trees.walk({"root": select}):
        if key != "ColumnRef":
            continue
        words = trees.strings(node.get("fields"))
        star = any("A_Star" in one for one in node.get("fields", ()))
        if star and words == (walked.name,) and not any(node is one for one in spelt):
            return True
        if not star and words == (walked.name,) and walked.name not in columns:
            return True
        if len(words) == 2 and words[0] == walked.name and words[1] not in columns:
            return True
    return False


def called(said: Copied) -> frozenset[str]:
    """The functions that its values call outside of subqueries."""
    values = [value.tree for _, value in said.values]
    return frozenset(
        trees.strings(call.get("funcname"))[-1] for call in _outside(values, "FuncCall")
    )


def _values(select: _Tree, walked: Walked, columns: Sequence[str]) -> Iterator[_Tree | None]:
    """The expressions; a `*` is spelt out where it is that of the walked table alone."""
    for item in select["targetList"]:
        value = item["ResTarget"]["val"]
        fields = value.get("ColumnRef", {}).get("fields", [])
        if not any("A_Star" in one for one in fields):
            yield value
        elif columns and trees.strings(fields) in ((walked.name,), ()):
            yield from (_column(walked.name, column) for column in columns)
        else:
            yield None


def insert(action: Action, walked: Walked, copied: Copied, key: Sequence[str]) -> str:
    """The INSERT of a batch; rows whose `key` is there are left out, unless its author says
    which are."""
    select = {
        **action.tree["selectStmt"][_SELECT],
        "targetList": [{"ResTarget": {"val": value.tree}} for _, value in copied.values],
    }
    rows = {
        "RangeVar": {
            "relname": ROWS,
            "inh": True,
            "relpersistence": "p",
            "alias": {"aliasname": walked.name},
        }
    }
    select.pop("sortClause", None)
    select["fromClause"] = _put(select["fromClause"], walked.node, rows)
    changed = {
        **action.tree,
        "cols": [{"ResTarget": {"name": column}} for column, _ in copied.values],
        "selectStmt": {_SELECT: select},
    }
    if key and not copied.on_conflict:
        changed["onConflictClause"] = _nothing(key)
    return trees.deparse("InsertStmt", changed)


def missing(action: Action, walked: Walked, values: Sequence[Expression]) -> str:
    """The query of what it makes of one row: the values as `zdm_1`, `zdm_2` …"""
    select = dict(action.tree["selectStmt"][_SELECT])
    for part in ("distinctClause", "sortClause"):
        select.pop(part, None)
    row = {
        "RangeSubselect": {
            "subquery": {
                _SELECT: {
                    "targetList": [{"ResTarget": {"val": _star(walked.relation.name)}}],
                    "limitOption": "LIMIT_OPTION_DEFAULT",
                    "op": "SETOP_NONE",
                }
            },
            "alias": {"aliasname": walked.name},
        }
    }
    select["fromClause"] = _put(select["fromClause"], walked.node, row)
    select["targetList"] = [
        {"ResTarget": {"name": f"zdm_{n}", "val": value.tree}}
        for n, value in enumerate(values, 1)
    ]
    return trees.deparse(_SELECT, select)


def _nothing(key: Sequence[str]) -> _Tree:
    order = {"ordering": "SORTBY_DEFAULT", "nulls_ordering": "SORTBY_NULLS_DEFAULT"}
    elements = [{"IndexElem": {"name": column, **order}} for column in key]
    return {"action": "ONCONFLICT_NOTHING", "infer": {"indexElems": elements}}


def _column(table: str, column: str) -> _Tree:
    return {"ColumnRef": {"fields": [{"String": {"sval": w}} for w in (table, column)]}}


def _star(table: str) -> _Tree:
    return {"ColumnRef": {"fields": [{"String": {"sval": table}}, {"A_Star": {}}]}}


def _put(tree: Any, old: _Tree, new: _Tree) -> Any:
    """The tree with `new` for the table `old`."""
    match tree:
        case {"RangeVar": node} if node is old:
            return new
        case Mapping():
            return {key: _put(value, old, new) for key, value in tree.items()}
        case list():
            return [_put(item, old, new) for item in tree]
        case _:
            return tree
