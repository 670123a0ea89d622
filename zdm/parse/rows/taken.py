"""Relations from which an INSERT takes what it writes, not only looks something up."""

from collections.abc import Iterator, Mapping
from typing import Any

from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import mentioned, trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_SEVERAL = ("groupClause", "limitCount", "distinctClause", "windowClause")


def by_insert(action: Action) -> tuple[RelationName, ...]:
    """Those in FROM or WITH and, beside them, all others but its own table. Without any, one
    row of a subquery is looked up; several together, as a sum or an array, are taken."""
    rows = mentioned.rows_from(action)
    if rows is None:
        return mentioned.reads(action)
    if not rows:
        return tuple(_together(action.tree))
    own = relations.read(action.tree["relation"])
    others = (one for one in mentioned.reads(action) if not _same(one, own))
    return (*(one.relation for one in rows), *others)


def _same(one: RelationName, other: RelationName) -> bool:
    return (one.schema, one.name) == (other.schema, other.name)


def _together(insert: _Tree) -> Iterator[RelationName]:
    source = insert.get("selectStmt", {}).get("SelectStmt", {})
    values = [source.get("valuesLists"), source.get("targetList")]
    if source.get("op") != "SETOP_NONE":  # of several SELECTs, which have no FROM
        values = [source]
    for key, node in trees.walk({"root": values}):
        if key == "SubLink" and not _looks_up(node):
            yield from relations.mentioned(node)


def _looks_up(link: _Tree) -> bool:
    """Whether it gives what one row has, by the names of its columns."""
    query = link.get("subselect", {}).get("SelectStmt", {})
    parts = [target["ResTarget"]["val"] for target in query.get("targetList", ())]
    return (
        link.get("subLinkType") == "EXPR_SUBLINK"
        and query.get("op") == "SETOP_NONE"
        and not any(query.get(word) for word in _SEVERAL)
        and all("ColumnRef" in part or "TypeCast" in part for part in parts)
        and not any(key in ("FuncCall", "SubLink") for key, _ in trees.walk({"root": parts}))
    )
