"""Why a plan is as it is: each change with the ways that were considered and its own steps.

The ways come from the operation itself, by the same facts from which its recipe is made; what
the author's statements would do comes from what `zdm check` asks, too.
"""

from collections.abc import Iterator
from functools import reduce
from itertools import groupby

from zdm.model.explained import explanation
from zdm.model.explained.explanation import Change, Effect, Explanation
from zdm.model.impact import YES, Impact, Touch
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import ActionKind, Fact
from zdm.planning.classify import Classification, Placed
from zdm.planning.explained import together
from zdm.planning.schedule import Scheduled
from zdm.recipes.object import views
from zdm.schema import apply
from zdm.schema.impact import of

_ROWS = (ActionKind.UPDATE, ActionKind.DELETE)
_LONG = ("locks the rows it changes until it ends",)


def explain(classification: Classification, scheduled: Scheduled) -> Explanation:
    """Every change, in the author's order."""
    changes = tuple(
        _change(place, _steps(scheduled, number))
        for number, place in enumerate(classification.placed)
    )
    return Explanation(
        plan=scheduled.plan.name,
        changes=changes,
        advice=tuple(together.advice(classification.placed, changes)),
    )


def _steps(scheduled: Scheduled, number: int) -> tuple[str, ...]:
    pairs = zip(scheduled.plan.steps, scheduled.owners, strict=True)
    return tuple(step.id for step, owner in pairs if owner == number)


def _change(place: Placed, steps: tuple[str, ...]) -> Change:
    found, written = _impact(place), _written(place)
    return Change(
        slug=place.operation.slug,
        title=place.operation.title,
        origin=place.context.origin,
        as_written=tuple(_effects(found, place.context.snapshot, written)),
        unknown=found.unknown,
        ways=explanation.considered(place.operation.choice(place.context)),
        steps=steps,
    )


def _impact(place: Placed) -> Impact:
    """What the author's statements do, each on the schema that the ones before it leave."""
    snapshot, found = place.context.snapshot, Impact()
    for _, group in groupby(place.actions, key=lambda action: id(action.statement)):
        parts = tuple(group)
        found = found.joined(of.statement(parts, snapshot))
        snapshot = reduce(apply.apply, parts, snapshot)
    return found


def _written(place: Placed) -> frozenset[Name]:
    """The tables whose rows the statements change."""
    facts = (a.fact for a in place.actions if isinstance(a.fact, Fact))
    return frozenset(f.table for f in facts if f.kind in _ROWS and f.table is not None)


def _effects(found: Impact, snapshot: Snapshot, written: frozenset[Name]) -> Iterator[Effect]:
    """On what is in use before: nothing waits for a lock on what the train makes."""
    used = _in_use(snapshot)
    for touch in found.touches:
        table = snapshot.table(touch.relation)
        if touch.relation in used:
            yield Effect(
                relation=touch.relation,
                lock=touch.lock,
                does=(*_does(touch), *(_LONG if touch.relation in written else ())),
                rows=None if table is None else table.rows,
            )


def _in_use(snapshot: Snapshot) -> frozenset[Name]:
    tables = [table for table in snapshot.tables if not table.created]
    return frozenset(
        (
            *(table.name for table in tables),
            *(Name(t.name.schema, index.name) for t in tables for index in t.indexes),
            *(view.name for view in snapshot.views if not views.by_train(view)),
        )
    )


def _does(touch: Touch) -> Iterator[str]:
    """What takes as long as the relation is large."""
    answers = (
        ("rewrites every row", touch.rewrites),
        ("builds an index", touch.builds),
        ("reads every row", touch.scans),
    )
    for words, answer in answers:
        if answer.possible:
            yield words if answer is YES else f"perhaps {words}"
