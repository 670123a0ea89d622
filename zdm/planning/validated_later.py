"""A constraint that is added NOT VALID, and validated once other statements corrected the rows.

The old version may write rows that break it, so it is added in the contract, behind what
corrects the rows, and validated at once. So its ADD is read as if it were directly above the
VALIDATE: the statements between them change rows only, and the constraint then says nothing
else about these. Not so a foreign key that deletes or changes rows when those that they refer
to are deleted or changed in between.
"""

from collections.abc import Sequence

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.recipes.constraint import unvalidated

_ROWS = frozenset({ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE})


def moved(actions: Sequence[Action], start: Snapshot) -> list[Action]:
    """The Actions, with each such ADD directly above its VALIDATE."""
    left = list(actions)
    for action in actions:
        place = next(n for n, one in enumerate(left) if one is action)
        at = _validated(left[place:], start)
        if at > 1:
            left[place : place + at] = [*left[place + 1 : place + at], action]
    return left


def _validated(onwards: Sequence[Action], start: Snapshot) -> int:
    """How far away the VALIDATE of the first Action is; 0 where it does not move."""
    action = onwards[0]
    fact, said = action.fact, action.said
    if not isinstance(said, AddConstraint) or not isinstance(fact, Fact):
        return 0
    says, table = said.constraint, None if fact.table is None else start.table(fact.table)
    alone = all(one.statement is not action.statement for one in onwards[1:2])
    if not says.name or not says.not_valid or says.not_enforced or table is None:
        return 0
    if not alone or action.index or action.statement.vouched:
        return 0
    at = unvalidated.validated_at(onwards, says.name)
    if at is None or not all(_changes_rows(one) for one in onwards[1:at]):
        return 0
    if any(_acts(one, says, table.name) for one in onwards[1:at]):
        return 0
    end = onwards[at].fact
    return at if isinstance(end, Fact) and end.table == fact.table else 0


def _changes_rows(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.kind in _ROWS


def _acts(action: Action, key: ConstraintDefinition, table: Name) -> bool:
    """Whether the foreign key may change rows of its table because of the statement."""
    fact = action.fact
    if key.references is None or not isinstance(fact, Fact):
        return False
    if fact.table == table and key.references.name != table.name:
        return False
    deletes = fact.kind is ActionKind.DELETE and key.on_delete
    updates = fact.kind is ActionKind.UPDATE and key.on_update
    return bool(deletes or updates)
