"""A foreign key whose author says what becomes of orphans, with other changes of rows.

Its batches are in the contract. A statement of the same train that reads or writes rows runs
before the rollout or beside them: in the author's order it would meet other rows, or decide by
other rows which ones are orphans.
"""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.plan import Backfill
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.constraint import orphans
from zdm.recipes.reading import refuse

_OF_ROWS = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
        ActionKind.SELECT,
        ActionKind.OTHER,
    }
)


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each such key, and the first other statement that reads or writes rows."""
    filled = {one.owner for one in steps if isinstance(one.step, Backfill)}
    for owner, place in enumerate(placed):
        if not _said(place):
            continue
        for number, other in enumerate(placed):
            if number == owner or _is_like(place, other):
                continue
            if number > owner and _said(other):
                continue  # the refusal is that of the second
            if number in filled or any(map(_of_rows, other.actions)):
                yield _finding(place, other)
                break


def _said(place: Placed) -> str:
    directive = orphans.said(place.actions[0])
    return "" if directive is None else directive.argument


def _is_like(place: Placed, other: Placed) -> bool:
    """Whether both delete or park rows of the same table, in whatever order."""
    facts = [one.actions[0].fact for one in (place, other)]
    tables = {fact.table for fact in facts if isinstance(fact, Fact)}
    return len(tables) == 1 and {_said(place), _said(other)} <= {"delete", "park"}


def _of_rows(action: Action) -> bool:
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind in _OF_ROWS:
        return True
    return mentioned.is_whole_read(action)


def _finding(place: Placed, other: Placed) -> Finding:
    if _said(other):
        return refuse.finding(
            place.actions[0],
            "orphans_cannot_be_corrected",
            f"{other.actions[0].source} has orphans corrected, too, and which rows are orphans"
            " of one foreign key may follow from what becomes of those of the other",
            "leave that statement in this release, and put this one with its directive into the"
            " next, planned when this train is contracted",
        )
    return refuse.finding(
        place.actions[0],
        "orphans_cannot_be_corrected",
        f"{other.actions[0].source} reads or writes rows, and orphans are corrected in the"
        " contract, so the two could meet other rows than in the author's order",
        "put this statement with its directive into a release of its own, after this one",
    )
