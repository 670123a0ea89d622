"""A view or function that gets another name, of which both are there until the old version is
gone, and a statement of the train that makes, drops or renames one of them before."""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action
from zdm.model.syntax import CreateObject, DropObjects, RenameObject
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.recipes.reading import refuse
from zdm.schema import lookup, new_objects

_VIEWS = frozenset({"view", "materialized view", "table"})
_KINDS = _VIEWS | {"function", "procedure"}


def conflicts(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement behind a rename that is about one of its two names."""
    held: dict[Name, tuple[Action, str]] = {}
    for place in placed:
        snapshot = place.context.snapshot
        for action in place.actions:
            if action.statement.vouched:
                continue
            for name in _about(action, snapshot):
                if name in held:
                    yield _finding(*held[name], action)
            names = tuple(_renamed(action, snapshot))
            both = " and ".join(str(name) for name in names)
            held |= dict.fromkeys(names, (action, both))


def _about(action: Action, snapshot: Snapshot) -> Iterator[Name]:
    said = action.said
    match said:
        case CreateObject():
            new = new_objects.read(action, snapshot)
            if new is not None and new.kind in _KINDS:
                yield new.name
        case DropObjects() if said.kind in _KINDS:
            for words in said.objects:
                yield from (_meant(words, names, snapshot, action) for names in _all(snapshot))
        case RenameObject() if said.kind in _KINDS:
            for names in _all(snapshot):
                old = _meant(said.words, names, snapshot, action)
                yield from (old, Name(old.schema, said.new_name))


def _renamed(action: Action, snapshot: Snapshot) -> Iterator[Name]:
    """The former and the new name."""
    said = action.said
    if not isinstance(said, RenameObject) or said.kind not in _KINDS:
        return
    views, functions = _all(snapshot)
    names = views if said.kind in _VIEWS else functions
    old = _meant(said.words, names, snapshot, action)
    if old in names:
        yield from (old, Name(old.schema, said.new_name))


def _all(snapshot: Snapshot) -> tuple[lookup.Names, lookup.Names]:
    return lookup.Names(snapshot.views), lookup.Names(snapshot.functions)


def _meant(
    words: tuple[str, ...], names: lookup.Names, snapshot: Snapshot, action: Action
) -> Name:
    settings = action.statement.settings
    return lookup.among(lookup.relation(words), names, snapshot, settings)


def _finding(earlier: Action, both: str, later: Action) -> Finding:
    return refuse.finding(
        later,
        "name_reused",
        f"by {earlier.source} {both} are both there until the old version is gone, and this"
        " statement makes, drops or renames one of them before",
        NEXT_TRAIN,
    )
