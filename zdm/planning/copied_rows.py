"""Statements that write rows of a table into which the train copies rows of another one.

The copy runs in batches behind the expand steps. What a later statement of the author does to
the same rows must come after it, and what an earlier one does must be over, with its trigger.
"""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Copy
from zdm.model.statement import Action, ActionKind, Fact
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse

_WRITES = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
        ActionKind.SET_DEFAULT,
        ActionKind.DROP_DEFAULT,
    }
)
_AWAY = (
    "let the SELECT of the INSERT give the rows their values, and leave out those that are not"
    " meant; or move this statement to a revision that is planned after this train is"
    " contracted"
)


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each statement that would meet other rows than those of the author's order."""
    places: dict[int, list[int]] = {}
    for position, one in enumerate(steps):
        if one.owner is not None:
            places.setdefault(one.owner, []).append(position)
    return tuple(
        finding
        for position, one in enumerate(steps)
        if one.owner is not None and isinstance(one.step, Backfill) and one.step.copy
        for finding in _against(one.step.copy, (one.owner, position), placed, places)
    )


def _against(
    copy: Copy, at: tuple[int, int], placed: Sequence[Placed], places: dict[int, list[int]]
) -> Iterator[Finding]:
    owner, position = at
    for other, place in enumerate(placed):
        action = _writing(place, copy)
        when = places.get(other)
        if other == owner or action is None or not when:
            continue
        turned = when[0] < position if other > owner else when[-1] > position
        if turned or (not copy.unique and _inserts(action)):
            yield refuse.finding(
                action,
                "copied_rows_order",
                f"{placed[owner].context.origin[0]} copies rows into {copy.table} in batches,"
                " and this statement writes rows there, too, which the batches would meet in"
                " another order",
                _AWAY,
            )


def _writing(place: Placed, copy: Copy) -> Action | None:
    for action in place.actions:
        fact = action.fact
        if isinstance(fact, Fact) and fact.kind in _WRITES and fact.table == copy.table:
            return action
    return None


def _inserts(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.kind is ActionKind.INSERT
