"""A unique or primary key constraint that is dropped, and the one that the train adds in its
place."""

from collections.abc import Sequence

from zdm.model.schema import Constraint, Table
from zdm.model.statement import Action, ActionKind, Directive, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition

KINDS = frozenset({"unique", "primary key"})
_COLUMN = frozenset(
    {
        ActionKind.ADD_COLUMN,
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.SET_NOT_NULL,
        ActionKind.DROP_NOT_NULL,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.INSERT,
        ActionKind.CREATE_INDEX,
    }
)


def dropped(action: Action, table: Table | None) -> Constraint | None:
    """The key that the Action drops."""
    fact = action.fact
    drops = isinstance(fact, Fact) and fact.kind is ActionKind.DROP_CONSTRAINT
    if table is None or not drops or not isinstance(fact, Fact):
        return None
    found = table.constraint(fact.name)
    return found if found is not None and found.kind in KINDS else None


def by(actions: Sequence[Action], old: Constraint) -> int | None:
    """The position of the Action that adds a key for the one which the first one drops: of its
    name, the other primary key, or one that refuses all that it refuses."""
    first = actions[0].statement
    for position, action in enumerate(actions[1:], 1):
        says = added(action)
        if says is None or (action.statement.vouched and action.statement is not first):
            continue
        both = {says.kind, old.kind} == {"primary key"}
        some = bool(says.columns) and set(says.columns) <= set(old.columns)
        if says.name == old.name or both or some:
            return position
    return None


def added(action: Action) -> ConstraintDefinition | None:
    """The key that the Action adds."""
    said = action.said
    if not isinstance(said, AddConstraint) or said.constraint.period:
        return None
    return said.constraint if said.constraint.kind in KINDS else None


def between(actions: Sequence[Action], position: int) -> Action | None:
    """What is between the two and may have to come before the new one or after the old."""
    for action in actions[1:position]:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.kind in _COLUMN:
            return action
    return None


def word(actions: Sequence[Action], table: Table | None) -> tuple[Directive, ...]:
    """The author's word that the old key may stay until the contract; empty: not given, or
    given for more than the two."""
    first = actions[0].statement
    words, old = first.vouched, dropped(actions[0], table)
    if old is None or len(words) != 1 or words[0].argument != "contract":
        return ()
    position = by(actions, old)
    own = {n for n, action in enumerate(actions) if action.statement is first}
    return words if position is not None and own <= {0, position} else ()
