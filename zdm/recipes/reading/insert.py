"""What an INSERT adds: rows of a VALUES list, or rows that it reads."""

from collections.abc import Mapping
from typing import Any

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action
from zdm.recipes.reading import statements


def reads(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that a statement names besides the one it changes."""
    target: Mapping[str, Any] = action.tree.get("relation", {})
    return frozenset(
        statements.found(node, snapshot, action.statement.settings)
        for node in statements.ranges(dict(action.tree))
        if node is not target
    )


def writes_out(action: Action) -> bool:
    """Whether every row is in a VALUES list."""
    select = action.tree.get("selectStmt", {}).get("SelectStmt", {})
    return bool(select.get("valuesLists")) or not action.tree.get("selectStmt")
