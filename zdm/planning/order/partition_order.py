"""A table that comes under another one, or leaves it, between statements that reach its rows.

ATTACH and DETACH PARTITION decide which rows a statement on the partitioned table meets, and
what a table may hold. So where zdm would run them and another statement about one of the tables
in another order than the author's, the later one is refused; so is what is behind statements
that make a table in use the first partition of a new one.
"""

from collections.abc import Iterator, Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Finding
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTable
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.walk import Owned
from zdm.recipes.reading import reach, refuse
from zdm.schema import family, lookup

_MOVES = frozenset({Change.ATTACH_PARTITION, Change.DETACH_PARTITION})
_APART = frozenset({ActionKind.COMMENT, ActionKind.GRANT})  # no rows, and on one table alone


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that would run on the wrong side of an ATTACH or DETACH."""
    yield from _attached_again(placed)
    yield from _behind_wrapped(placed)
    when: dict[int, list[int]] = {}
    for position, one in enumerate(steps):
        when.setdefault(-1 if one.owner is None else one.owner, []).append(position)
    for number, place in enumerate(placed):
        tables = {name for action in place.actions for name in _around(action, place)}
        for other, beside in enumerate(placed if tables and number in when else ()):
            if other == number or other not in when or not _is_about(beside, tables):
                continue
            first, second = sorted((number, other))
            if when[first][-1] > when[second][0]:
                yield _finding(placed[first].actions[0], placed[second].actions[0])


def _attached_again(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each ATTACH of what the same train detaches: in between, neither reads nor writes of the
    partitioned table reach its rows, though both versions expect them there."""
    detached: set[Name] = set()
    for place in placed:
        for action in place.actions:
            said, statement = action.said, action.statement
            if not isinstance(said, AlterTable) or said.other is None or statement.vouched:
                continue
            name = lookup.found(said.other, place.context.snapshot, statement.settings)
            if said.change is Change.DETACH_PARTITION:
                detached.add(name)
            elif said.change is Change.ATTACH_PARTITION and name in detached:
                yield refuse.finding(
                    action,
                    "partition_order",
                    f"this train detaches {name} as well, and until it is attached again, the"
                    " partitioned table has none of its rows and takes none",
                    NEXT_TRAIN,
                )


def _behind_wrapped(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each later statement about a table that becomes the first partition of a new one: that
    one is in use at once, though the train makes it."""
    tables: set[Name] = set()
    for place in placed:
        for action in place.actions if tables else ():
            if not action.statement.vouched and _meets(action, place, tables):
                yield refuse.finding(
                    action,
                    "partition_order",
                    "this train makes a table in use the first partition of a new one, which is"
                    " in use from then on, and this statement is about one of them",
                    NEXT_TRAIN,
                )
        tables |= _wrapped(place)


def _wrapped(place: Placed) -> set[Name]:
    """The tables of a place that renames a table and attaches it to another."""
    facts = [action.fact for action in place.actions if isinstance(action.fact, Fact)]
    moves = any(isinstance(a.said, AlterTable) and a.said.other for a in place.actions)
    if not moves or facts[0].kind is not ActionKind.RENAME_TABLE or facts[0].table is None:
        return set()
    made = {fact.table for fact in facts if fact.kind is ActionKind.CREATE_TABLE}
    tables = {*made, facts[0].table, Name(facts[0].table.schema, facts[0].new_name)}
    return {name for name in tables if name is not None}


def _around(action: Action, place: Placed) -> Iterator[Name]:
    """The tables of both families, where it attaches or detaches."""
    said, snapshot = action.said, place.context.snapshot
    if isinstance(said, AlterTable) and said.change in _MOVES and said.other is not None:
        table = lookup.table_of(snapshot, action)
        other = lookup.found(said.other, snapshot, action.statement.settings)
        for name in (other,) if table is None else (other, table.name):
            yield from family.around(snapshot, name)


def _is_about(place: Placed, tables: set[Name]) -> bool:
    return any(_meets(action, place, tables) for action in place.actions)


def _meets(action: Action, place: Placed, tables: set[Name]) -> bool:
    fact, said, snapshot = action.fact, action.said, place.context.snapshot
    if not isinstance(fact, Fact):
        return True  # it may be about any
    if fact.kind in _APART:
        return False
    if isinstance(said, CreateTable):
        settings = action.statement.settings
        above = {lookup.found(parent, snapshot, settings) for parent in said.parents}
        return bool(above & tables) or fact.table in tables
    met = {one.table for one in reach.of(action, snapshot)}
    return fact.table in tables or None in met or bool(met & tables)


def _finding(earlier: Action, later: Action) -> Finding:
    return refuse.finding(
        later,
        "partition_order",
        f"{earlier.source} and this statement are about the same tables while one of them"
        " becomes a partition or is none any more, and zdm would run them in another order",
        NEXT_TRAIN,
    )
