"""An object that moves to another schema, which is in both until the old version is gone, and a
statement of the train that names it: it could mean the one or the other."""

from collections.abc import Iterator, Sequence

from zdm.model.commands import SetSchema
from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.planning import conflicts as between
from zdm.planning.classify import Placed
from zdm.recipes.reading import refuse, statements
from zdm.schema import lookup

SLUG = "set_schema"


def conflicts(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement of the train that names one that moves."""
    for place in placed:
        move = place.actions[0]
        if place.operation.slug != SLUG or not isinstance(move.said, SetSchema):
            continue
        old = _name(move, move.said, place.context.snapshot)
        for other in placed:
            for action in other.actions if other is not place else ():
                if _names(action, old, other.context.snapshot):
                    yield _finding(move, old, action)


def _name(action: Action, said: SetSchema, snapshot: Snapshot) -> Name:
    relation, settings = lookup.relation(said.words), action.statement.settings
    if said.kind == "function":
        names = lookup.Names(snapshot.functions)
        return lookup.among(relation, names, snapshot, settings)
    return lookup.found(relation, snapshot, settings)


def _names(action: Action, old: Name, snapshot: Snapshot) -> bool:
    """Whether it names the object, in whichever schema, or changes a key that refers to it."""
    fact = action.fact
    about = isinstance(fact, Fact) and fact.table is not None and fact.table.name == old.name
    named = old.name in statements.words(action)
    return about or named or between.refers(action, old, snapshot)


def _finding(move: Action, old: Name, other: Action) -> Finding:
    return refuse.finding(
        other,
        "moved_in_train",
        f"{move.source} moves {old}, which is in both schemas until the contract, and"
        " zdm does not plan other statements that name it together with that",
        between.NEXT_TRAIN,
    )
