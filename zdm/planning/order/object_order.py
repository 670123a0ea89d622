"""Functions, triggers and views that change apart from the rows that meet them.

They change just before the rollout or after it, so a statement of the train that calls the
function, fires the trigger or reads the view could meet the former one, or the new one, where
the author meant the other. Fills have triggers of zdm's until the contract, beside which a
trigger of the author's must not change. What would meet another one is refused.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.plan import Backfill
from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateObject, DropObjects
from zdm.parse.readers import fired
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.walk import Owned
from zdm.recipes.object import routine, row_type, triggers
from zdm.recipes.reading import reach, refuse, statements
from zdm.schema import apply, family

SLUGS = frozenset(
    {
        "replace_function",
        "extend_function",
        "drop_function",
        "create_trigger",
        "replace_trigger",
        "drop_trigger",
        "toggle_trigger",
        "replace_view",
        "drop_view",
    }
)
# What only names another object, and neither reads nor checks a row.
_NAMING = frozenset(
    {
        ActionKind.CREATE_FUNCTION,
        ActionKind.CREATE_TRIGGER,
        ActionKind.CREATE_VIEW,
        ActionKind.DROP_FUNCTION,
        ActionKind.DROP_TRIGGER,
        ActionKind.DROP_VIEW,
        ActionKind.COMMENT,
        ActionKind.GRANT,
    }
)


class _Changed(Struct, frozen=True):
    """What an operation changes: rows written in `tables` meet it, and so does what has one of
    `words` in its text."""

    tables: frozenset[Name]
    words: frozenset[str]


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement, or change, that comes on the wrong side of the other."""
    places: dict[int, list[int]] = {}
    for position, step in enumerate(steps):
        if step.owner is not None:
            places.setdefault(step.owner, []).append(position)
    for number, place in enumerate(placed):
        if place.operation.slug not in SLUGS or number not in places:
            continue
        changed = _changed(place)
        others = sorted(places.keys() - {number})
        early = [o for o in others if places[o][0] < places[number][0]]
        for one in early:
            yield from (*_outgrown(placed[one], place), *_fires_twice(placed[one], place))
        yield from _needed_early(place, [placed[o] for o in early if o > number])
        for other in others:
            first, second = sorted((number, other))
            if places[first][-1] >= places[second][0] and (
                _meets(placed[other], changed) or _fills(other, steps, changed)
            ):
                yield _finding(placed[first], placed[second])


def _changed(place: Placed) -> _Changed:
    snapshot = place.context.snapshot
    found = [_by_action(action, snapshot) for action in place.actions]
    return _Changed(
        frozenset().union(*(one.tables for one in found)),
        frozenset().union(*(one.words for one in found)),
    )


def _by_action(action: Action, snapshot: Snapshot) -> _Changed:
    fact, said = action.fact, action.said
    if isinstance(said, CreateObject | DropObjects):
        function = _function(action, snapshot)
        if function is not None:
            words = routine.callers(function, snapshot)
            return _Changed(frozenset(_running(words, snapshot)), words)
        words = frozenset(_views(said))
        if words:
            return _Changed(frozenset(), words)
    if isinstance(fact, Fact) and fact.table is not None:
        return _Changed(
            frozenset({fact.table, *family.below(snapshot, fact.table)}), frozenset()
        )
    return _Changed(frozenset(), frozenset())


def _function(action: Action, snapshot: Snapshot) -> Function | None:
    found = routine.meant(action, snapshot)
    if found is not None and len(found[1]) == 1:
        return found[1][0]
    return routine.same(action, snapshot)


def _views(said: CreateObject | DropObjects) -> Iterator[str]:
    named = said.objects if isinstance(said, DropObjects) else (said.words,)
    if said.kind in ("view", "materialized view"):
        yield from (words[-1] for words in named if words)


def _running(words: frozenset[str], snapshot: Snapshot) -> Iterator[Name]:
    """Tables whose rows call one of the functions when they are written."""
    for table in snapshot.tables:
        if _runs(table, words):
            yield table.name


def _runs(table: Table, words: frozenset[str]) -> bool:
    texts = [*table.rules, *(p.definition for p in table.policies)]
    texts += [c.default for c in table.columns if c.default is not None]
    return any(trigger.function.name in words for trigger in table.triggers) or any(
        word in text for word in words for text in texts
    )


def _meets(place: Placed, changed: _Changed) -> bool:
    """Whether one of its statements calls it, fires it or reads it."""
    snapshot = place.context.snapshot
    for action in place.actions:
        fact = action.fact
        if isinstance(fact, Fact) and fact.kind in _NAMING:
            continue
        if changed.words & statements.words(action):
            return True
        for met in reach.of(action, snapshot):
            if met.does != "reads" and (met.table is None or met.table in changed.tables):
                return bool(changed.tables)
    return False


def _fills(owner: int, steps: Sequence[Owned], changed: _Changed) -> bool:
    """Whether it writes rows of one of the tables in batches."""
    own = (one.step for one in steps if one.owner == owner)
    written = {
        name
        for step in own
        if isinstance(step, Backfill)
        for name in (step.table, step.copy.table if step.copy is not None else step.table)
    }
    return bool(written & changed.tables)


def _outgrown(adds: Placed, replaces: Placed) -> Iterator[Finding]:
    """A column of a table of which the function to be replaced selects `*`."""
    if replaces.operation.slug not in ("replace_function", "extend_function"):
        return
    action, snapshot = replaces.actions[-1], replaces.context.snapshot
    former = _function(replaces.actions[0], snapshot)
    added = (fact.table for fact in _facts(adds, ActionKind.ADD_COLUMN))
    if former is not None and any(row_type.selects_all(former, t) for t in added if t):
        yield refuse.finding(
            action,
            "object_order",
            f"the function selects `*` of the table to which `{adds.operation.title}`"
            f" ({adds.context.origin[0]}) adds a column: calls of it may fail from there to"
            f" `{replaces.operation.title}`, which is later in the plan",
            "replace it in an earlier release, by one that names the columns",
        )


def _needed_early(extends: Placed, early: Sequence[Placed]) -> Iterator[Finding]:
    """What the author writes behind the function that takes the calls of the former one, and
    what runs before it is made and looks it up."""
    if extends.operation.slug != "extend_function":
        return
    made = _function(extends.actions[0], extends.context.snapshot)
    words = {made.name.name} if made is not None else set()
    for place in early:
        action, snapshot = place.actions[0], place.context.snapshot
        if not words & statements.words(action):
            continue
        function = routine.same(action, apply.apply(snapshot, action))
        if function is None or function.language != "plpgsql":
            yield _finding(extends, place)
        else:  # its body is looked at when it runs
            words.add(function.name.name)


def _fires_twice(makes: Placed, drops: Placed) -> Iterator[Finding]:
    """A trigger that is there beside the one of another name that it takes the place of."""
    if (makes.operation.slug, drops.operation.slug) != ("create_trigger", "drop_trigger"):
        return
    action, snapshot = makes.actions[0], drops.context.snapshot
    for fact in _facts(drops, ActionKind.DROP_TRIGGER):
        table = snapshot.table(fact.table) if fact.table is not None else None
        former = triggers.named(table, fact.name) if table is not None else None
        if former is None or former.enabled == "D" or _table(action) != fact.table:
            continue
        if fired.share_an_event(former.definition, action.statement.sql):
            yield refuse.finding(
                action,
                "object_order",
                f"`{drops.operation.title}` ({drops.context.origin[0]}) waits until the old"
                f" version is gone, and `{makes.operation.title}` comes before the rollout: in"
                " between both fire for the same writes, and what both do is done twice",
                "give the new one the name of the former, so that one transaction replaces it;"
                " or put `-- zdm: run in contract -- reason` above it",
            )


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _facts(place: Placed, kind: ActionKind) -> Iterator[Fact]:
    for action in place.actions:
        if isinstance(action.fact, Fact) and action.fact.kind is kind:
            yield action.fact


def _finding(earlier: Placed, later: Placed) -> Finding:
    action = later.actions[0]
    return refuse.finding(
        action,
        "object_order",
        f"`{later.operation.title}` and `{earlier.operation.title}`"
        f" ({earlier.context.origin[0]}) meet in the same rows, and zdm does not do the two in"
        " the author's order: functions, triggers and views change just before the rollout or"
        " after it, and fills have triggers until the contract",
        NEXT_TRAIN,
    )
