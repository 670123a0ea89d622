"""An INSERT that takes plain columns of one table: `INSERT INTO d (k, a) SELECT id, a FROM t`,
where it says WHERE, of the rows that have one of some columns.

Whatever else is in the statement, it is none of these.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from zdm.model.statement import Action
from zdm.model.syntax import Insert, RelationName
from zdm.parse import trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_INSERT = frozenset({"relation", "cols", "selectStmt", "override"})
_SELECT = frozenset({"targetList", "fromClause", "whereClause", "limitOption", "op"})
_PLAIN = {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}


class Moved(Struct, frozen=True, kw_only=True):
    """`columns` of the table that gets the rows, each with that of the source; `given`: the
    columns of the source of which a row has one, if it says so."""

    source: RelationName
    columns: tuple[tuple[str, str], ...]
    given: tuple[str, ...]


def read(action: Action, target: Sequence[str]) -> Moved | None:
    """The columns; `target` are all of the table that gets the rows, in order."""
    tree = action.tree
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    relation = _relation(select)
    if not isinstance(action.said, Insert) or relation is None or not _is_plain(tree, select):
        return None
    name = relation.get("alias", {}).get("aliasname", "") or relation["relname"]
    into = [item["ResTarget"].get("name", "") for item in tree.get("cols", [])]
    indirect = any("indirection" in item["ResTarget"] for item in tree.get("cols", []))
    values = [_column(item["ResTarget"]["val"], name) for item in select["targetList"]]
    into = into or [*target[: len(values)]]
    given = [*_given(select.get("whereClause"), name)]
    if indirect or len(into) != len(values) or None in values or None in given:
        return None
    return Moved(
        source=relations.read(relation),
        columns=tuple((d, t) for d, t in zip(into, values, strict=True) if t is not None),
        given=tuple(column for column in given if column is not None),
    )


def _relation(select: _Tree) -> _Tree | None:
    """The one table in FROM, with its children, and under the names of its columns."""
    items = select.get("fromClause", [])
    node: _Tree | None = items[0].get("RangeVar") if len(items) == 1 else None
    if node is None or not node.get("inh") or node.get("alias", {}).get("colnames"):
        return None
    return node


def _is_plain(tree: _Tree, select: _Tree) -> bool:
    whole = tree.get("override") == "OVERRIDING_NOT_SET" and "targetList" in select
    said = all(select.get(part) == value for part, value in _PLAIN.items())
    return whole and said and {*tree} <= _INSERT and {*select} <= _SELECT


def _column(value: _Tree, table: str) -> str | None:
    """The column that it is, by its name alone or behind the table's."""
    fields = value.get("ColumnRef", {}).get("fields", [])
    words = trees.strings(fields)
    if len(words) != len(fields) or words[:-1] not in ((), (table,)):
        return None
    return words[-1] if words else None


def _given(where: _Tree | None, table: str) -> Iterator[str | None]:
    """The columns of `a IS NOT NULL OR b IS NOT NULL`; None for what is another condition."""
    match where:
        case None:
            return
        case {"BoolExpr": {"boolop": "OR_EXPR", "args": [*tests]}}:
            for test in tests:
                yield from _given(test, table)
        case {"NullTest": {"arg": value, "nulltesttype": "IS_NOT_NULL"}}:
            yield _column(value, table)
        case _:
            yield None
