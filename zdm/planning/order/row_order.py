"""Statements of one train that change rows of one table and read them for another one.

Phases reorder steps: an INSERT runs before an UPDATE, a DELETE after the rollout. Where one
statement reads the rows that another one writes, in whichever table, or sets a sequence by
them, the author's order counts, so a train whose phases turn it round is refused.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.findings import Finding, Severity
from zdm.model.plan import Backfill, Phase
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.walk import Owned
from zdm.recipes.reading import sequences
from zdm.schema import lookup

_ROWS = frozenset(
    {ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE, ActionKind.TRUNCATE}
)


class _Work(Struct, frozen=True):
    """What an operation does with rows, and when: the places of its steps in the plan."""

    owner: int
    writes: frozenset[Name]
    reads: frozenset[Name]
    first: int
    last: int
    fresh: bool  # a materialized view, which may have newer rows than the author's

    def depends(self, other: "_Work") -> frozenset[Name]:
        """The tables whose rows one of the two writes and the later one reads, or the other
        way round."""
        read = frozenset[Name]() if self.fresh else self.reads
        return (self.writes & other.reads) | (read & other.writes)


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> tuple[Finding, ...]:
    """Each pair of operations that would run in another order than the author's."""
    works = [w for n, place in enumerate(placed) for w in _work(n, place, steps)]
    return tuple(
        _finding(placed[one.owner], placed[other.owner], min(shared))
        for position, other in enumerate(works)
        for one in works[:position]
        if one.last > other.first and (shared := one.depends(other))
    )


def _work(owner: int, place: Placed, steps: Sequence[Owned]) -> Iterator[_Work]:
    changing = [a for a in place.actions if _changes_rows(a) or sequences.is_set_by(a)]
    stored = [a for a in place.actions if mentioned.is_stored(a)]
    own = [(n, one.step) for n, one in enumerate(steps) if one.owner == owner]
    early = [(n, step) for n, step in own if step.phase.position < Phase.ROLLOUT.position]
    own = early or own  # what an UPDATE sets once more in the contract is of later rows
    batches = [n for n, step in own if isinstance(step, Backfill)]
    when = batches or [n for n, _ in own]
    if stored and when:
        reads = frozenset(n for a in stored for n in _reads(a, place))
        views = frozenset(n for a in stored if (n := _table(a)))
        last = when[-1]
        yield _Work(owner=owner, writes=views, reads=reads, first=last, last=last, fresh=True)
    if changing and when:
        yield _Work(
            owner=owner,
            writes=frozenset(n for a in changing if _changes_rows(a) and (n := _table(a))),
            reads=frozenset(n for a in changing for n in _reads(a, place)),
            first=when[0],
            last=when[-1],
            fresh=False,
        )


def _changes_rows(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.kind in _ROWS


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _reads(action: Action, place: Placed) -> Iterator[Name]:
    for relation in mentioned.reads(action):
        yield lookup.found(relation, place.context.snapshot, action.statement.settings)


def _finding(earlier: Placed, later: Placed, table: Name) -> Finding:
    action = later.actions[0]
    return Finding(
        slug="rows_order",
        severity=Severity.ERROR,
        message=f"`{later.operation.title}` would run before `{earlier.operation.title}`"
        f" ({earlier.context.origin[0]}), and one of them reads the rows of {table} that the"
        " other one changes",
        remedy=NEXT_TRAIN,
        source=action.source,
        statement=action.statement.sql,
    )
