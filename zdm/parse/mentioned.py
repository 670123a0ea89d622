"""What an Action mentions, wherever in it: relations, and words that may be columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]


def words(action: Action) -> frozenset[str]:
    """Every word in it that may be a name of a column."""
    return frozenset(_words(action.tree))


def _words(tree: _Tree) -> Iterator[str]:
    for key, node in trees.walk({"root": tree}):
        if key == "String":
            yield node.get("sval", "")
        elif key == "IndexElem":
            yield node.get("name", "")


def constants(action: Action) -> frozenset[str]:
    """Every string that it spells out as a value."""
    values = (node for key, node in trees.walk({"root": action.tree}) if key == "A_Const")
    return frozenset(v["sval"].get("sval", "") for v in values if "sval" in v)


def reads(action: Action) -> tuple[RelationName, ...]:
    """Every relation that the Action names, but the one that it changes."""
    return relations.mentioned(action.tree, but=action.tree.get("relation"))


def columns(action: Action) -> frozenset[str]:
    """The last words of all references to columns in it."""
    return frozenset(trees.columns(action.tree))


def queries(action: Action) -> frozenset[str]:
    """The names of WITH in it."""
    nodes = trees.walk({"root": action.tree})
    return frozenset(n.get("ctename", "") for key, n in nodes if key == "CommonTableExpr")


_CHOOSES = ("limitCount", "limitOffset", "distinctClause", "lockingClause")


def chooses(action: Action) -> bool:
    """Whether a query in it takes some rows of several: LIMIT, DISTINCT ON, TABLESAMPLE …"""
    return any(
        key == "RangeTableSample" or any(node.get(name) for name in _CHOOSES)
        for key, node in trees.walk({"root": action.tree})
    )
