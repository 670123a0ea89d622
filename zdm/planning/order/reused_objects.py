"""A type, sequence, schema, statistics object or publication that is dropped last, and whose
name the train uses again before the rollout."""

from collections.abc import Iterator, Sequence

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Finding
from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.model.syntax import CreateObject, DropObjects, RenameObject
from zdm.parse import names
from zdm.parse.objects import publications
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.recipes.reading import refuse
from zdm.schema import lookup, new_objects
from zdm.schema.effects import drops, statistics
from zdm.schema.effects.dependents import Thing

_KINDS = frozenset({"type", "sequence", "schema"})
_DROPPED = _KINDS | {"statistics", "publication"}
_PUBLICATION = "publication"  # in place of a schema: they have names of their own


def conflicts(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that takes a name which is free only after the rollout."""
    freed: dict[Name, tuple[Action, int]] = {}
    for number, place in enumerate(placed):
        for action in place.actions:
            for name in _taken(action, place):
                at = freed.get(name)
                if at is not None and at[1] != number and not action.statement.vouched:
                    yield _finding(at[0], action, name)
            freed |= dict.fromkeys(_freed(action, place), (action, number))


def _taken(action: Action, place: Placed) -> Iterator[Name]:
    """Names of what it makes; a schema has none of its own."""
    said = action.said
    if isinstance(said, CreateObject):
        new = new_objects.read(action, place.context.snapshot)
        if new is not None:
            yield new.name
    elif isinstance(said, WorkOn) and said.work is Work.CREATE_STATISTICS:
        table = lookup.table_of(place.context.snapshot, action)
        if table is not None:
            yield statistics.name(action, table, place.context.snapshot)
    elif isinstance(said, WorkOn) and said.work is Work.PUBLICATION:
        if publications.creates(action):
            yield Name(_PUBLICATION, publications.name(action))
    elif isinstance(said, RenameObject) and said.kind in _KINDS:
        schema = said.words[-2] if len(said.words) > 1 else "public"
        yield Name(schema, said.new_name)


def _freed(action: Action, place: Placed) -> Iterator[Name]:
    said = action.said
    if not isinstance(said, DropObjects) or said.kind not in _DROPPED:
        return
    if action.statement.vouched:
        return
    for thing in drops.targets(place.context.snapshot, action):
        if thing is not None:
            yield _name(thing)


def _name(thing: Thing) -> Name:
    match thing.kind:
        case "statistics":
            return names.qualified(thing.part)
        case "publication":
            return Name(_PUBLICATION, thing.name.name)
    return thing.name


def _finding(earlier: Action, later: Action, name: Name) -> Finding:
    what = name if name.schema not in ("", _PUBLICATION) else name.name
    return refuse.finding(
        later,
        "name_reused",
        f"{earlier.source} frees the name {what} only after the rollout, but this statement"
        " needs it before",
        NEXT_TRAIN,
    )
