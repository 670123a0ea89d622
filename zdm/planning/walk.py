"""The scheduled plan is walked, before any server is asked.

Phases reorder steps, so each step is held against the schema in which it will run: what it
names must exist there, as the step was planned for; what it makes must be free, and nothing may
use what it drops. The end is the schema that the author's statements leave. What does
not fit is a conflict of two operations of the train, refused with both places. The walk is a
filter, not a proof: a name of which the train knows nothing is left to replay.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from zdm.errors import ZdmError
from zdm.model.findings import Finding, Severity
from zdm.model.plan import Backfill, RunSql, Step
from zdm.model.schema import Snapshot
from zdm.model.statement import Action
from zdm.parse import mentioned
from zdm.parse.readers import authority
from zdm.planning import ending, names, needs
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.names import Key
from zdm.planning.needs import Kind, Need
from zdm.schema import apply, lookup, type_names
from zdm.schema.effects import publications


class Owned(Struct, frozen=True, kw_only=True):
    """A step and the number of the operation it belongs to; None: the plan's own."""

    owner: int | None
    step: Step


class _Read(Struct, frozen=True, kw_only=True):
    """A step of an operation, and what its SQL says."""

    owner: int
    step: Step
    actions: tuple[Action, ...]


@dataclass(slots=True)
class _State:
    """The schema at a step, and which operation last made or removed each name, set a property
    of a column, or changed one in a way that is not known."""

    snapshot: Snapshot
    made: dict[Key, int] = field(default_factory=dict)
    removed: dict[Key, int] = field(default_factory=dict)
    settled: dict[Key, int] = field(default_factory=dict)
    altered: dict[Key, int] = field(default_factory=dict)

    def take(self, action: Action, owner: int) -> None:
        """What the Action leaves."""
        for key in names.removes(action, self.snapshot):
            self.removed[key] = owner
            self.made.pop(key, None)
        self.snapshot = apply.apply(self.snapshot, action)
        for key in names.makes(action, self.snapshot):
            self.made[key] = owner
            self.removed.pop(key, None)
        for known, changed in (
            (self.settled, names.settles(action)),
            (self.altered, names.alters(action)),
        ):
            if changed is not None:
                known[changed] = owner


class _Miss(Struct, frozen=True):
    """Two operations that do not go together, and what is wrong."""

    one: int
    other: int
    wrong: str


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], snapshot: Snapshot, after: Snapshot
) -> tuple[Finding, ...]:
    """Each pair of operations once, at the place of the later one. `after` is the schema that
    the author's statements leave; ZdmError where the plan of one operation misses it."""
    read = [
        _Read(owner=owned.owner, step=owned.step, actions=_actions(owned.step, snapshot))
        for owned in steps
        if owned.owner is not None  # Alembic's table, of the plan's own, is in no Snapshot
    ]
    state = _State(snapshot=snapshot)
    found: dict[tuple[int, int], Finding] = {}
    for miss in _walked(read, placed, state):
        pair = (min(miss.one, miss.other), max(miss.one, miss.other))
        found.setdefault(pair, _finding(pair, placed, miss.wrong))
    if found:
        return tuple(found.values())
    return tuple(_ends(read, placed, (snapshot, state.snapshot, after)))


def _actions(step: Step, snapshot: Snapshot) -> tuple[Action, ...]:
    if not isinstance(step, RunSql):
        return ()
    path = type_names.path(snapshot, step.settings)
    return tuple(a for sql in step.sql for a in authority.of_step(sql, step.settings, path))


def _walked(read: Sequence[_Read], placed: Sequence[Placed], state: _State) -> Iterator[_Miss]:
    """What does not fit, step by step; `state` is at the end after the last one."""
    touching = _Touching(read, state.snapshot)
    for one in read:
        planned = placed[one.owner].context.snapshot
        if isinstance(one.step, Backfill):
            wanted = needs.of_backfill(one.step, state.snapshot, planned)
            yield from _missed(wanted, one, state, touching)
        for action in one.actions:
            wanted = needs.of_action(action, state.snapshot, planned)
            yield from _missed([*wanted, *_sent(action, state)], one, state, touching)
            yield from _overtaken(action, one, state)
            yield from _lost(action, one, state, placed[one.owner].actions)
            state.take(action, one.owner)
            yield from _missed(_identified(action, state), one, state, touching)


def _sent(action: Action, state: _State) -> Iterator[Need]:
    """The tables and columns that a publication names."""
    for name, part in publications.of(action, state.snapshot):
        yield Need(Kind.EXISTS, Key("table", name))
        for column in (*part.columns, *part.filtered):
            yield Need(Kind.EXISTS, Key("column", name, column))


def _identified(action: Action, state: _State) -> Iterator[Need]:
    """What it publishes must be identified from then on."""
    for name, _ in publications.of(action, state.snapshot):
        table = state.snapshot.table(name)
        if table is not None and table.kind != "partitioned table":
            yield Need(Kind.EXISTS, Key(names.IDENTITY, name))


class _Touching:
    """Which operations make or name a thing anywhere in the plan."""

    def __init__(self, read: Sequence[_Read], snapshot: Snapshot) -> None:
        self.made: dict[Key, int] = {}
        self._named: dict[Key, list[int]] = {}
        for one in read:
            for action in one.actions:
                self.made.update(dict.fromkeys(names.makes(action, snapshot), one.owner))
                for key in names.of(action):
                    self._named.setdefault(key, []).append(one.owner)

    def another(self, key: Key, owner: int) -> int | None:
        """The last one that names it or, where none does, its table."""
        for wanted in (key, Key("table", key.table)):
            others = [n for n in self._named.get(wanted, ()) if n != owner]
            if others:
                return others[-1]
        return None


def _missed(
    wanted: Iterable[Need], one: _Read, state: _State, touching: _Touching
) -> Iterator[_Miss]:
    """The needs that are not met where another operation is to blame."""
    for need in wanted:
        if needs.met(need, state.snapshot):
            continue
        other = _blamed(need, one.owner, state, touching)
        if other is not None and other != one.owner:
            wrong = f'when the step "{one.step.title}" runs, {need.unmet}'
            yield _Miss(one=other, other=one.owner, wrong=wrong)


def _overtaken(action: Action, one: _Read, state: _State) -> Iterator[_Miss]:
    """A later operation has set the same property already, and this would undo it."""
    key = names.settles(action)
    other = state.settled.get(key, one.owner) if key is not None else one.owner
    if key is not None and other > one.owner:
        wrong = f'the step "{one.step.title}" would undo what the later one does to {key}'
        yield _Miss(one=one.owner, other=other, wrong=wrong)


def _lost(action: Action, one: _Read, state: _State, said: Sequence[Action]) -> Iterator[_Miss]:
    """A column that the author did not drop is replaced by one that has not got what is not
    known of it."""
    dropped = {key for a in said for key in names.drops(a)}
    for key in {*names.removes(action, state.snapshot)} - dropped:
        other = state.altered.get(key, one.owner)
        if other != one.owner and any(
            made.kind == "column" and made.table == key.table and owner == one.owner
            for made, owner in state.made.items()
        ):
            wrong = f"a new column takes the place of {key}, of which not all is known"
            yield _Miss(one=one.owner, other=other, wrong=wrong)


def _blamed(need: Need, owner: int, state: _State, touching: _Touching) -> int | None:
    match need.kind:
        case Kind.EXISTS:
            return state.removed.get(need.key, touching.made.get(need.key))
        case Kind.SAME:
            return touching.another(need.key, owner)
    return state.made.get(need.blocker or need.key)


def _ends(
    read: Sequence[_Read],
    placed: Sequence[Placed],
    schemas: tuple[Snapshot, Snapshot, Snapshot],  # at the start, walked, the author's
) -> Iterator[Finding]:
    """Names that the end of the plan has and the author's schema has not, or otherwise."""
    start, walked, after = schemas
    for key in ending.differences(walked, after):
        wrong = f"the plan would end {ending.said(key, walked, after)}"
        owners = sorted({*_changed_by(key, read, start), *_authors(key, placed)})
        if len(owners) < 2:
            owners = sorted({*owners, *_readers(key, placed)})
        if len(owners) < 2:
            origin = placed[owners[0]].context.origin[0] if owners else "the train"
            raise ZdmError(
                f"{origin} cannot be planned: {wrong}",
                hint="please report it with the migration (end_differs)",
            )
        yield _finding((owners[-2], owners[-1]), placed, wrong)


def _changed_by(key: Key, read: Sequence[_Read], snapshot: Snapshot) -> Iterator[int]:
    """The operations whose steps change it."""
    for one in read:
        for action in one.actions:
            before, snapshot = snapshot, apply.apply(snapshot, action)
            if ending.part(key, before) != ending.part(key, snapshot):
                yield one.owner


def _readers(key: Key, placed: Sequence[Placed]) -> Iterator[int]:
    """The operations whose statements name the table to read it."""
    for number, place in enumerate(placed):
        for action in place.actions:
            settings, snapshot = action.statement.settings, place.context.snapshot
            named = (lookup.found(r, snapshot, settings) for r in mentioned.reads(action))
            if key.table in named:
                yield number


def _authors(key: Key, placed: Sequence[Placed]) -> Iterator[int]:
    """The operations whose statements change it."""
    for number, place in enumerate(placed):
        snapshot = place.context.snapshot
        for action in place.actions:
            before, snapshot = snapshot, apply.apply(snapshot, action)
            if ending.part(key, before) != ending.part(key, snapshot):
                yield number


def _finding(pair: tuple[int, int], placed: Sequence[Placed], wrong: str) -> Finding:
    earlier, later = (placed[number] for number in pair)
    action = later.actions[0]
    return Finding(
        slug="order_conflict",
        severity=Severity.ERROR,
        message=f"`{later.operation.title}` cannot be planned together with"
        f" `{earlier.operation.title}` ({earlier.context.origin[0]}): {wrong}",
        remedy=NEXT_TRAIN,
        source=action.source,
        statement=action.statement.sql,
    )
