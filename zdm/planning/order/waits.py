"""Steps before the rollout that wait for a fill, so that the author's order is kept.

A fill comes behind every step of EXPAND. What the author writes behind it and what it would
meet, or would meet it, comes behind it, too: an INSERT, whose rows the fill would change, and a
statement that runs as written, such as a trigger that would fire for the fill, or `setval` by
the rows that are copied. What comes behind such a statement on its table, on one that refers to
its table, or in a text that names it, waits with it. ANALYZE, VACUUM and REINDEX come behind
all that fills their table, also in the contract. An INSERT with ON CONFLICT waits for a new
unique key of its table, and what sets a sequence for the rows of its table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import Backfill, Phase, RunSql, Step
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Insert
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.order import new_keys
from zdm.planning.walk import Owned
from zdm.recipes.reading import sequences, statements, updates
from zdm.schema import lookup

_ROWS = frozenset({ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE})
_ANY_ROWS = _ROWS | {ActionKind.SELECT, ActionKind.OTHER, None}  # it may read any rows


@dataclass(slots=True)
class Waits:
    """The tables that are filled so far; those in which an INSERT, or another step, waits for
    that; those that get a new key behind their fill, or lose rows in the contract; the
    functions that wait; and whether all that follows waits, because it is not known what a
    statement before it does."""

    filled: set[Name] = field(default_factory=set)
    copied: set[Name] = field(default_factory=set)  # tables that get rows in batches
    waiting: set[Name] = field(default_factory=set)
    keyed: set[Name] = field(default_factory=set)
    late: set[Name] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    everything: bool = False

    def placed(self, place: Placed) -> tuple[Step, ...]:
        """The steps of the next operation, in the phases in which they run."""
        recipe = place.operation.recipe(place.context)
        own = {n for a in place.actions if (n := _table(a)) is not None}
        own |= _numbered(place)
        wait = self._waits(place, own, recipe)
        steps = tuple(self._behind(step, wait=wait) for step in recipe)
        if place.operation.slug == "maintain_table":
            steps = tuple(self._maintained(step, own) for step in steps)
        if wait and steps != recipe:
            self.waiting |= own
            self.functions |= {name for a in place.actions if (name := _function(a))}
            self.everything |= any(not isinstance(a.fact, Fact) for a in place.actions)
        self.filled |= {
            lock.table for step in steps if step.phase is Phase.BACKFILL for lock in step.locks
        }
        if any(step.phase is Phase.VALIDATE for step in steps):
            self.keyed |= {n for a in place.actions if (n := new_keys.table(a)) is not None}
        self.copied |= {s.copy.table for s in steps if isinstance(s, Backfill) and s.copy}
        self.filled |= self.copied
        self.late |= {*_changed_late(steps)}
        return steps

    def _maintained(self, step: Step, own: set[Name]) -> Step:
        """ANALYZE, VACUUM or REINDEX, behind what changes the rows of its tables."""
        tables = own | {lock.table for lock in step.locks}
        if tables & self.late:
            return replace(step, phase=Phase.CONTRACT)
        return replace(step, phase=Phase.VALIDATE) if tables & self.filled else step

    def _waits(self, place: Placed, own: set[Name], recipe: Sequence[Step]) -> bool:
        refers = {n for a in place.actions for n in _refers(a, place)} | own
        if self.everything or self.waiting & refers or self._is_named(place, own):
            return True
        if self.filled & _numbered(place):
            return True
        refer = self._refers_to_copy(place, refers - own, recipe)
        return refer or self._meets(place, own, recipe)

    def _refers_to_copy(self, place: Placed, refers: set[Name], recipe: Sequence[Step]) -> bool:
        """Whether it writes rows that refer to copied ones."""
        if any(isinstance(step, Backfill) for step in recipe):
            return False
        rows = any(_kind(a) in _ROWS for a in place.actions)
        return rows and bool(self.copied & refers)

    def _follows_copy(self, place: Placed) -> bool:
        """Whether it runs as written, with rows, behind a copy."""
        return bool(self.copied) and any(_kind(a) in _ANY_ROWS for a in place.actions)

    def _is_named(self, place: Placed, own: set[Name]) -> bool:
        """Whether its text names a function that waits, or what has no table one that does."""
        if not self.waiting and not self.functions:
            return False
        tables = set[str]() if own else {name.name for name in self.waiting}
        words = frozenset[str]().union(*(statements.words(a) for a in place.actions))
        return bool(words & (self.functions | tables))

    def _meets(self, place: Placed, own: set[Name], recipe: Sequence[Step]) -> bool:
        """Whether its rows, or what it does as written, would change what a fill does, or meet
        a key that is not there yet."""
        if any(a.statement.vouched for a in place.actions):
            behind = (own | {*_written(place, recipe)}) & (self.filled | self.keyed)
            return bool(behind) or self._follows_copy(place)
        inserts = [a for a in place.actions if _kind(a) is ActionKind.INSERT]
        locked = own | {lock.table for step in recipe for lock in step.locks}
        keyed = self.keyed if any(map(_on_conflict, inserts)) else set[Name]()
        return bool(inserts and locked & (self.filled | keyed))

    def _behind(self, step: Step, *, wait: bool) -> Step:
        """An index built before a table's backfill makes that more expensive: 12 % more WAL,
        21 % slower (measured 15), so a concurrent build waits for the backfills before it."""
        if not isinstance(step, RunSql) or step.phase is not Phase.EXPAND:
            return step
        late = not step.in_transaction and not step.as_written
        if late and any(lock.table in self.filled for lock in step.locks):
            return replace(step, phase=Phase.VALIDATE)
        return replace(step, phase=Phase.BACKFILL) if wait else step


def _changed_late(steps: Sequence[Step]) -> Iterator[Name]:
    """The tables whose rows change after the rollout, as far as it is known."""
    for step in steps:
        if step.phase is Phase.CONTRACT:
            written = isinstance(step, RunSql) and step.as_written
            for lock in step.locks:
                if written or lock.mode is LockMode.ROW_EXCLUSIVE:
                    yield lock.table


def stop_before(steps: Sequence[Owned], placed: Sequence[Placed]) -> list[Owned]:
    """The steps, with the end of each fill's trigger before an INSERT that waits for it: the
    author's UPDATE does not apply to its rows; and before an UPDATE of few rows that uses the
    same columns. The new keys of a table come before an INSERT
    with ON CONFLICT, too, and what is done behind the fills of the table with them."""
    waiting = {
        (one.owner, table)
        for one in steps
        if one.owner is not None and one.step.phase is Phase.BACKFILL
        for table in _written(placed[one.owner], [one.step])
    }
    waiting |= {*_sharing(steps, placed)}
    meeting = {
        (owner, table)
        for owner, table in waiting
        if any(map(_on_conflict, placed[owner].actions))
        and any(table == new_keys.table(a) for p in placed[:owner] for a in p.actions)
    }
    return [
        Owned(owner=one.owner, step=replace(one.step, phase=Phase.BACKFILL))
        if one.step.phase is Phase.VALIDATE
        and any(_is_behind(one, *at) for at in (waiting if _ends_fill(one) else meeting))
        else one
        for one in steps
    ]


def _sharing(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[tuple[int, Name]]:
    """The UPDATEs of few rows behind a fill of their table that uses the same columns."""
    few = {one.owner for one in steps if one.step.operation == "update_rows"}
    filled = [(one.owner, one.step.table) for one in steps if isinstance(one.step, Backfill)]
    for owner in sorted(n for n in few if n is not None):
        action = placed[owner].actions[0]
        for earlier, table in filled:
            if earlier is None or earlier >= owner or table != _table(action):
                continue
            if any(_used(action) & _used(one) for one in placed[earlier].actions):
                yield owner, table


def _used(action: Action) -> frozenset[str]:
    """The columns that an UPDATE reads or sets."""
    return mentioned.columns(action) | frozenset(updates.targets(action))


def _ends_fill(one: Owned) -> bool:
    return one.step.operation == "backfill"


def _is_behind(one: Owned, insert: int, table: Name) -> bool:
    locked = {lock.table for lock in one.step.locks}
    return one.owner is not None and insert > one.owner and table in locked


def _written(place: Placed, steps: Sequence[Step]) -> Iterator[Name]:
    """The tables in which it makes rows, or changes them as written, by triggers, too; of a
    statement of which that is not known, those that it names."""
    for action in place.actions:
        if not isinstance(action.fact, Fact):
            yield from statements.named(action, place.context.snapshot)
        elif _kind(action) is ActionKind.INSERT or _changes(action):
            yield from (n for n in [action.fact.table] if n is not None)
            yield from (
                lock.table
                for step in steps
                for lock in step.locks
                if lock.mode is LockMode.ROW_EXCLUSIVE
            )


def _changes(action: Action) -> bool:
    return bool(action.statement.vouched) and _kind(action) is ActionKind.UPDATE


def _on_conflict(action: Action) -> bool:
    return isinstance(action.said, Insert) and bool(action.said.on_conflict)


def _kind(action: Action) -> ActionKind | None:
    return action.fact.kind if isinstance(action.fact, Fact) else None


def _numbered(place: Placed) -> set[Name]:
    """The tables for whose keys it sets a sequence, and those that it reads for that."""
    snapshot = place.context.snapshot
    return {n for a in place.actions for n in sequences.tables(a, snapshot)}


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _function(action: Action) -> str:
    """The name of a function that it makes."""
    of = isinstance(action.fact, Fact) and action.fact.kind is ActionKind.CREATE_FUNCTION
    return action.fact.name.rpartition(".")[2] if of and isinstance(action.fact, Fact) else ""


def _refers(action: Action, place: Placed) -> Iterator[Name]:
    """The tables that it reads, or to which the rows of its own refer."""
    snapshot, name = place.context.snapshot, _table(action)
    table = None if name is None else snapshot.table(name)
    if table is not None and _kind(action) in _ROWS:
        yield from (key.references for key in table.constraints if key.references is not None)
    for relation in mentioned.reads(action):
        yield lookup.found(relation, snapshot, action.statement.settings)
