"""The relations that a tree names."""

from collections.abc import Mapping
from typing import Any

from zdm.model.syntax import RelationName
from zdm.parse import trees

_PERSISTENCE = {"t": "temporary", "u": "unlogged"}


def read(node: Mapping[str, Any]) -> RelationName:
    """A relation as written."""
    return RelationName(
        schema=node.get("schemaname", ""),
        name=node.get("relname", ""),
        only=not node.get("inh", False),
        persistence=_PERSISTENCE.get(node.get("relpersistence", ""), "permanent"),
    )


def mentioned(
    tree: Mapping[str, Any], but: Mapping[str, Any] | None = None
) -> tuple[RelationName, ...]:
    """Every relation that the tree names, in order, but the node `but`."""
    return tuple(
        read(node)
        for _, node in trees.walk({"root": tree})
        if "relname" in node and node is not but
    )
