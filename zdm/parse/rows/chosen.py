"""Queries that take some rows of several, and whether these are the same ones each time.

`(SELECT at FROM s WHERE s.t_id = t.id ORDER BY at DESC LIMIT 1)` gives the same value whichever
of two equal rows it takes; ordered by a key besides, it gives the same row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import mentioned, trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
Keys = Callable[[RelationName], tuple[frozenset[str], ...]]
_MORE = ("limitOffset", "distinctClause", "groupClause", "lockingClause", "withClause")


def may_differ(action: Action, keys: Keys) -> bool:
    """Whether a query in it may take other rows each time. `keys`: of a table, the columns of
    each unique key without NULLs."""
    settled = tuple(_settled(action, keys))
    return mentioned.chooses(action, but=settled)


def _settled(action: Action, keys: Keys) -> Iterator[_Tree]:
    """The queries of it that take the first row, and always that with the same values."""
    for key, node in trees.walk({"root": action.tree}):
        if key != "SelectStmt" or any(node.get(word) for word in _MORE):
            continue
        one = node.get("limitCount", {}).get("A_Const", {}).get("ival", {}).get("ival") == 1
        if one and node.get("limitOption") == "LIMIT_OPTION_COUNT" and _is_ordered(node, keys):
            yield node


def _is_ordered(select: _Tree, keys: Keys) -> bool:
    """By all that it gives, or by a key of the one table that it reads."""
    by = [item.get("SortBy", {}) for item in select.get("sortClause", [])]
    if not by or any(one.get("useOp") for one in by):
        return False
    order = [one["node"] for one in by]
    given = [target["ResTarget"]["val"] for target in select.get("targetList", [])]
    if all(any(trees.same(value, one) for one in order) for value in given):
        return True
    tables = select.get("fromClause", [])
    if len(tables) != 1 or "RangeVar" not in tables[0] or not all(map(_is_column, given)):
        return False
    named = any("name" in target["ResTarget"] for target in select["targetList"])
    columns = {*_columns(tables[0]["RangeVar"], order)} if not named else set[str]()
    return any(key <= columns for key in keys(relations.read(tables[0]["RangeVar"])))


def _is_column(value: _Tree) -> bool:
    return "ColumnRef" in value


def _columns(table: _Tree, order: Sequence[_Tree]) -> Iterator[str]:
    """The columns of the table by which the query is ordered."""
    alias = table.get("alias", {})
    row = alias.get("aliasname", table["relname"])
    for one in () if alias.get("colnames") else order:
        words = trees.strings(one.get("ColumnRef", {}).get("fields"))
        if words and words[:-1] in ((), (row,)):
            yield words[-1]
