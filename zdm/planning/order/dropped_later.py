"""Unique indexes that a statement drops only after the rollout.

Until then they are beside what the statements below it build, although the schema that these
are planned on has them no more.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.operation import Context
from zdm.model.plan import Phase
from zdm.model.schema import Index, Name, Snapshot
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned


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
