"""Statements that are no part of a plan: marks, settings, pure reads, and locks."""

from collections.abc import Iterator, Sequence

from zdm.model.commands import Work, WorkOn
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Read
from zdm.recipes.reading import sequences
from zdm.schema.impact import calls


def find(every: Sequence[Action], snapshot: Snapshot) -> Iterator[Action]:
    """The Actions that are left out of the plan."""
    for action in every:
        if _is_needless(action, snapshot) or _is_lock(action, every):
            yield action


def note(action: Action) -> Iterator[str]:
    """The note about a statement that is no part of the plan."""
    if _is(action, ActionKind.SELECT):
        yield (
            f"{action.source}: this SELECT is not part of the plan; zdm does not know what"
            " depends on its result"
        )
    elif _is(action, ActionKind.ALTER_SEQUENCE):
        yield (
            f"{action.source}: there is no such sequence in the schema, so this statement does"
            " nothing (IF EXISTS)"
        )
    elif isinstance(action.said, WorkOn):
        yield (
            f"{action.source}: this LOCK is not part of the plan; each step takes the locks"
            " that it needs, in a transaction of its own"
        )


def _is_lock(action: Action, every: Sequence[Action]) -> bool:
    """A LOCK on which no statement relies that runs as its author vouches."""
    said, number = action.said, action.statement.transaction
    if not isinstance(said, WorkOn) or said.work is not Work.LOCK or action.statement.vouched:
        return False
    return not any(a.statement.vouched and a.statement.transaction == number for a in every)


def _is_needless(action: Action, snapshot: Snapshot) -> bool:
    """Transaction marks, settings (each Statement carries its own) and pure reads."""
    if _is(action, ActionKind.SELECT):
        return not action.statement.vouched and _only_reads(action, snapshot)
    if _is(action, ActionKind.TRANSACTION) or _is(action, ActionKind.SET):
        return True
    return sequences.finds_none(action, snapshot)


def _only_reads(action: Action, snapshot: Snapshot) -> bool:
    said = action.said
    if not isinstance(said, Read) or said.into or said.writes:
        return False
    return not calls.may_write(action, snapshot)


def _is(action: Action, kind: ActionKind) -> bool:
    return isinstance(action.fact, Fact) and action.fact.kind is kind
