"""The tables that a statement reads besides the one that it changes."""

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action
from zdm.parse import mentioned
from zdm.schema import lookup


def reads(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that a statement names besides the one it changes."""
    return frozenset(
        lookup.found(relation, snapshot, action.statement.settings)
        for relation in mentioned.reads(action)
    )
