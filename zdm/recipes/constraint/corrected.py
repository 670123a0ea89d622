"""What an UPDATE of the author sets once more in the contract, before a constraint of the same
train refuses the rows that the old version has written meanwhile."""

from collections.abc import Sequence

from zdm.model.plan import NEW_ONLY, Assignment, Backfill, Irreversible, Phase
from zdm.recipes import cost
from zdm.recipes.constraint import added_later
from zdm.recipes.constraint.added_later import Refused
from zdm.recipes.index import walk_key
from zdm.recipes.site import Site

UNDO = Irreversible(reason="the previous values are not recorded", rows=True)
REASON = "The old version, which may write rows that it refuses, is gone."


def title(place: Site, columns: str, refused: Sequence[Refused]) -> str:
    """One line for a person."""
    which = added_later.words(refused, str(place.name))
    return f"set {place.name}.{columns} once more where {which} rows"


def hazard(place: str, refused: Sequence[Refused]) -> tuple[str, str]:
    """What becomes of the rows of the new version."""
    which = added_later.words(refused, "the same train")
    return (
        f"a row of {place} that {which} gets the new value in the contract, also one of the new"
        " version",
        "let the new version write none",
    )


def stop(place: str, refused: Sequence[Refused]) -> tuple[str, str]:
    """That nothing corrects them, because a second run is not the same as one."""
    which = added_later.words(refused, "the same train")
    return (
        f"a row of {place} that {which} stops the run there, also one that an application"
        " writes behind this UPDATE: it runs once, because a second run could give other values"
        " than the statements of the train together",
        "let neither version write such rows; where the run stops, correct the rows that it"
        " names, and run the command again",
    )


def batches(
    place: Site,
    assignments: tuple[Assignment, ...],
    differs: str,
    refused: Sequence[Refused],
) -> tuple[Backfill, ...]:
    """The rows that differ and that a constraint refuses, if there may be any."""
    if not refused:
        return ()
    columns = tuple(a.column for a in assignments)
    fill = Backfill(
        id=place.id(*columns, "once-more"),
        operation=place.operation,
        phase=Phase.CONTRACT,
        title=title(place, ", ".join(columns), refused),
        table=place.name,
        key=walk_key.walk(place.table),
        assignments=assignments,
        differs=f"({added_later.condition(refused)}) AND {differs}",
        settings=place.settings,
        undo=UNDO,
        serves=NEW_ONLY,
        reason=REASON,
        origin=place.origin,
        cost=cost.scan(place.table),
    )
    return (fill,)
