"""Does version V work in schema state S, and why: one value with its reason per cell.

The answer comes from the steps' `serves`, which the planner made cumulative; the reason names
the step that made or ended it.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.compat import states
from zdm.compat.states import State
from zdm.model.plan import Phase, Plan, Side


class Cell(Struct, frozen=True, kw_only=True):
    """One version in one schema state."""

    state: State
    side: Side
    works: bool
    reason: str


def prove(plan: Plan) -> tuple[Cell, ...]:
    """The whole table, state by state, old before new."""
    found = states.states(plan)
    return tuple(
        _cell(found, position, side) for position in range(len(found)) for side in Side
    )


def _cell(found: Sequence[State], position: int, side: Side) -> Cell:
    state = found[position]
    works = side in state.serves
    reason = _works(found, position, side) if works else _fails(found, position, side)
    return Cell(state=state, side=side, works=works, reason=reason)


def _works(found: Sequence[State], position: int, side: Side) -> str:
    if found[position].phase is Phase.ROLLOUT and side is Side.OLD:
        return "the schema still serves it, so it can be deployed again"
    since = position
    while since > 0 and side in found[since - 1].serves:
        since -= 1
    if since == 0:
        return "nothing it uses has changed"
    return f"since {found[since].after}: {found[since].title}"


def _fails(found: Sequence[State], position: int, side: Side) -> str:
    for earlier in range(position, 0, -1):
        if side in found[earlier - 1].serves:
            return f"since {found[earlier].after}: {found[earlier].title}"
    for later in found[position + 1 :]:
        if side in later.serves:
            return f"until {later.after}: {later.title}"
    return "no step makes it work"
