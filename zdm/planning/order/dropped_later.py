"""What is dropped only after the rollout: its name is not free before, and until then a unique
index is beside what the statements below its DROP build.

Tables, views, materialized views, sequences and indexes have their names from one list, with
row types; so a view may need the name that a table has.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Finding
from zdm.model.operation import Context
from zdm.model.plan import Phase
from zdm.model.schema import Index, Name, Snapshot
from zdm.model.statement import Action, Fact
from zdm.model.syntax import (
    CreateObject,
    CreateTable,
    DropObjects,
    IndexDefinition,
    RenameObject,
)
from zdm.parse import names
from zdm.parse.objects import publications
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.walk import Owned
from zdm.recipes.object import routine
from zdm.recipes.reading import refuse
from zdm.schema import lookup, new_objects
from zdm.schema.effects import drops, statistics
from zdm.schema.effects.dependents import Thing

_KINDS = frozenset({"type", "sequence", "schema"})
_RELATIONS = frozenset({"table", "view", "materialized view"})
_DROPPED = _KINDS | _RELATIONS | {"domain", "index", "statistics", "publication"}
_OTHER_NAMES = frozenset({*routine.KINDS, "extension"})
_PUBLICATION = "publication"  # in place of a schema: they have names of their own


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that takes a name which is free only after the rollout."""
    ends = {one.owner: one.step.phase.position for one in steps}  # of the last step of each
    freed: dict[Name, tuple[Action, int]] = {}
    for number, place in enumerate(placed):
        late = ends.get(number, -1) > Phase.ROLLOUT.position
        for action in place.actions:
            for name in _taken(action, place):
                at = freed.get(name)
                if at is not None and at[1] != number and _conflict(at[0], action):
                    yield _finding(at[0], action, name)
            freed |= dict.fromkeys(_freed(action, place) if late else (), (action, number))


def _conflict(earlier: Action, later: Action) -> bool:
    """An index gets another name before where the train makes an index of its name again."""
    said, indexes = earlier.said, isinstance(later.said, IndexDefinition)
    aside = indexes and isinstance(said, DropObjects) and said.kind == "index"
    return not later.statement.vouched and not aside


def _taken(action: Action, place: Placed) -> Iterator[Name]:
    """Names of what it makes; a schema has none of its own."""
    said = action.said
    if isinstance(said, CreateObject | CreateTable | IndexDefinition):
        yield from _relation(action, place.context.snapshot)
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


def _relation(action: Action, snapshot: Snapshot) -> Iterator[Name]:
    """Of a table, an index, or another object that is no function."""
    said = action.said
    if isinstance(said, CreateTable):
        yield lookup.made(said.table, snapshot, action.statement.settings)
    elif isinstance(said, IndexDefinition):
        table = action.fact.table if isinstance(action.fact, Fact) else None
        if said.name and table is not None:
            yield Name(table.schema, said.name)
    else:
        new = new_objects.read(action, snapshot)
        if new is not None and new.kind not in _OTHER_NAMES:
            yield new.name


def _freed(action: Action, place: Placed) -> Iterator[Name]:
    said = action.said
    if not isinstance(said, DropObjects) or said.kind not in _DROPPED:
        return
    if action.statement.vouched:
        return
    if said.kind == "index":
        yield from _freed_indexes(said, action, place.context.snapshot)
    for thing in drops.targets(place.context.snapshot, action):
        if thing is not None:
            yield _name(thing)


def _freed_indexes(said: DropObjects, action: Action, snapshot: Snapshot) -> Iterator[Name]:
    for words in said.objects:
        table = lookup.table_with_index(words, snapshot, action.statement.settings)
        if table is not None:
            yield Name(table.name.schema, words[-1])


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


def contexts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Context]:
    """The context of each place, with what those above it leave until the contract."""
    ends = {one.owner: one.step.phase.position for one in steps}  # of the last step of each
    late = {owner for owner, end in ends.items() if end > Phase.ROLLOUT.position}
    staying: tuple[tuple[Name, Index], ...] = ()
    for number, place in enumerate(placed):
        context = place.context
        yield replace(context, staying=staying) if staying else context
        if number in late and number + 1 < len(placed):
            staying += tuple(_gone(context.snapshot, placed[number + 1].context.snapshot))


def _gone(before: Snapshot, after: Snapshot) -> Iterator[tuple[Name, Index]]:
    """The unique indexes of tables that stay, and have none of that name or like it."""
    for table in before.tables:
        now = after.table(table.name)
        if now is None or now is table:
            continue
        left = {index.name for index in now.indexes} | {_of(index) for index in now.indexes}
        for index in table.indexes:
            if index.unique and index.name not in left and _of(index) not in left:
                yield table.name, index


def _of(index: Index) -> tuple[object, ...]:
    """What it is apart from its name, which may be another one now."""
    return index.unique, index.keys, index.columns, index.predicate
