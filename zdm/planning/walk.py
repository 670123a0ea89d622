"""The scheduled plan is walked, before any server is asked.

Phases reorder steps, so each step is held against the schema in which it will run: what it
names must exist there, what it makes must be free, and no trigger of zdm's may be in its way.
What does not fit is a conflict of two operations of the train, refused with both places. The
walk is a filter, not a proof: a name of which the train knows nothing is left to replay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from zdm.model.findings import Finding, Severity
from zdm.model.plan import Backfill, RunSql, Step
from zdm.model.schema import Snapshot
from zdm.model.statement import Action
from zdm.parse import facts
from zdm.planning import needs
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.needs import Key, Kind, Need
from zdm.schema import apply, type_names

_Owner = int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A step and the number of the operation it belongs to; None: the plan's own."""

    owner: _Owner
    step: Step


@dataclass(slots=True)
class _State:
    """The schema at a step, and which operation last made or removed each name."""

    snapshot: Snapshot
    made: dict[Key, _Owner] = field(default_factory=dict)
    removed: dict[Key, _Owner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Miss:
    """A need of an operation that another one of the train is in the way of."""

    need: Need
    by: int
    of: int


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], snapshot: Snapshot
) -> tuple[Finding, ...]:
    """Each pair of operations once, at the place of the later one."""
    read = [(owned, _actions(owned.step, snapshot)) for owned in steps]
    last = {
        key: owned.owner
        for owned, actions in read
        for action in actions
        for key in needs.makes(action)
        if owned.owner is not None
    }
    state = _State(snapshot=snapshot)
    found: dict[tuple[int, int], Finding] = {}

    def ask(wanted: Iterable[Need], owned: Owned) -> None:
        for need in wanted:
            miss = _missed(need, owned.owner, state, last)
            if miss is not None:
                pair = (min(miss.by, miss.of), max(miss.by, miss.of))
                found.setdefault(pair, _finding(miss, placed, owned.step))

    for owned, actions in read:
        if isinstance(owned.step, Backfill):
            ask(needs.of_backfill(owned.step), owned)
        for action in actions:
            ask(needs.of_action(action, state.snapshot), owned)
            _take(state, action, owned.owner)
    return tuple(found.values())


def _actions(step: Step, snapshot: Snapshot) -> tuple[Action, ...]:
    if not isinstance(step, RunSql):
        return ()
    path = type_names.path(snapshot, step.settings)
    return tuple(a for sql in step.sql for a in facts.of_step(sql, step.settings, path))


def _missed(need: Need, owner: _Owner, state: _State, last: Mapping[Key, int]) -> _Miss | None:
    """Who is to blame, where the need is not met; None where it is, or nobody is."""
    if needs.met(need, state.snapshot):
        return None
    if need.kind is Kind.EXISTS:
        other = state.removed.get(need.key, last.get(need.key))
    else:
        other = state.made.get(need.blocker or need.key)
    if owner is None or other is None or other == owner:
        return None
    return _Miss(need=need, by=other, of=owner)


def _take(state: _State, action: Action, owner: _Owner) -> None:
    for key in needs.removes(action, state.snapshot):
        state.removed[key] = owner
        state.made.pop(key, None)
    state.snapshot = apply.apply(state.snapshot, action)
    for key in needs.makes(action):
        state.made[key] = owner
        state.removed.pop(key, None)


def _finding(miss: _Miss, placed: Sequence[Placed], step: Step) -> Finding:
    first, second = sorted((miss.by, miss.of))
    earlier, later = placed[first], placed[second]
    action = later.actions[0]
    return Finding(
        slug="order_conflict",
        severity=Severity.ERROR,
        message=f"`{later.operation.title}` cannot be planned together with"
        f" `{earlier.operation.title}` ({earlier.context.origin[0]}): when the step"
        f' "{step.title}" runs, {miss.need.unmet}',
        remedy=NEXT_TRAIN,
        source=action.source,
        statement=action.statement.sql,
    )
