"""A table that comes under another one, or leaves it, between statements that reach its rows.

ATTACH and DETACH PARTITION decide which rows a statement on the partitioned table meets, and
what a table may hold. So where zdm would run them and another statement about one of the tables
in another order than the author's, the later one is refused, unless it brings a partition for
other rows; so is what is behind statements that make a table in use the first partition of a
new one.
"""

from collections.abc import Iterator, Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTable, PartitionBound
from zdm.planning.classify import Placed
from zdm.planning.conflicts import NEXT_TRAIN
from zdm.planning.walk import Owned
from zdm.recipes.partition import reached
from zdm.recipes.reading import reach, refuse
from zdm.schema import family, lookup
from zdm.schema.impact import bounds_apart

_MOVES = frozenset({Change.ATTACH_PARTITION, Change.DETACH_PARTITION})
_WRITES = frozenset({ActionKind.INSERT, ActionKind.UPDATE})
_APART = frozenset({ActionKind.COMMENT, ActionKind.GRANT})  # no rows, and on one table alone


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that would run on the wrong side of an ATTACH or DETACH."""
    yield from _attached_behind(placed)
    yield from _filled_before(placed)
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
            if when[first][-1] <= when[second][0] or _rotates(placed[first], placed[second]):
                continue
            yield _finding(placed[first].actions[0], placed[second].actions[0])


def _rotates(leaves: Placed, comes: Placed) -> bool:
    """Whether one partition leaves a table and another one comes to it, for rows that never
    were in the first: then either may be done before the other."""
    first, later = leaves.actions[0], comes.actions[0]
    snapshot, said = leaves.context.snapshot, first.said
    detaches = isinstance(said, AlterTable) and said.change is Change.DETACH_PARTITION
    parent = lookup.table_of(snapshot, first) if detaches else None
    if parent is None or not isinstance(said, AlterTable) or said.other is None:
        return False
    child = snapshot.table(lookup.found(said.other, snapshot, first.statement.settings))
    former = bounds_apart.read((child and child.partition_bound) or "")
    bound = _of_new(later, parent.name, comes.context.snapshot)
    return (
        former is not None and bound is not None and bounds_apart.apart(former, bound, parent)
    )


def _of_new(action: Action, parent: Name, snapshot: Snapshot) -> PartitionBound | None:
    """The bound of the partition that the statement makes of the table, or attaches to it."""
    said, settings = action.said, action.statement.settings
    if isinstance(said, CreateTable):
        above = [lookup.found(one, snapshot, settings) for one in said.parents]
        return said.bound if above == [parent] else None
    attaches = isinstance(said, AlterTable) and said.change is Change.ATTACH_PARTITION
    table = lookup.table_of(snapshot, action) if attaches else None
    if table is None or table.name != parent or not isinstance(said, AlterTable):
        return None
    return said.bound


def _attached_behind(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each ATTACH of what the same train detaches, or of bounds that it detaches: in between,
    neither reads nor writes of the partitioned table reach such rows, though both versions
    expect them there."""
    detached: dict[Name, tuple[Table, str]] = {}
    for place in placed:
        snapshot = place.context.snapshot
        for action in place.actions:
            said, statement = action.said, action.statement
            if not isinstance(said, AlterTable) or said.other is None or statement.vouched:
                continue
            name = lookup.found(said.other, snapshot, statement.settings)
            parent, child = lookup.table_of(snapshot, action), snapshot.table(name)
            if said.change is Change.DETACH_PARTITION and parent is not None:
                bound = None if child is None else child.partition_bound
                detached[name] = (parent, bound or "")
            elif said.change is Change.ATTACH_PARTITION and name in detached:
                yield _attached_again(action, name)
            elif said.change is Change.ATTACH_PARTITION and parent is not None:
                yield from _over_bounds(action, parent, said, detached)


def _filled_before(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each statement that writes rows into a new table which the train attaches: its undo
    could not tell them from those that both versions write."""
    wrote: dict[Name, Action] = {}
    for place in placed:
        for action in place.actions:
            fact, said, statement = action.fact, action.said, action.statement
            if isinstance(fact, Fact) and fact.kind in _WRITES and fact.table is not None:
                wrote.setdefault(fact.table, action)
            if not isinstance(said, AlterTable) or said.other is None or statement.vouched:
                continue
            snapshot = place.context.snapshot
            name = lookup.found(said.other, snapshot, statement.settings)
            parent, child = lookup.table_of(snapshot, action), snapshot.table(name)
            if said.change is not Change.ATTACH_PARTITION or parent is None or child is None:
                continue
            in_use = not parent.created or reached.is_reached(parent, snapshot)
            if in_use and child.created and name in wrote:
                yield _written(wrote.pop(name), name, place)


def _written(action: Action, name: Name, place: Placed) -> Finding:
    return refuse.finding(
        action,
        "partition_order",
        f"{place.actions[0].source} attaches {name}, and rows that this statement writes into"
        " it cannot be distinguished from those that both versions write, so there is no undo",
        NEXT_TRAIN,
    )


def _attached_again(action: Action, name: Name) -> Finding:
    return refuse.finding(
        action,
        "partition_order",
        f"this train detaches {name} as well, and until it is attached again, the"
        " partitioned table has none of its rows and takes none",
        NEXT_TRAIN,
    )


def _over_bounds(
    action: Action, parent: Table, said: AlterTable, detached: dict[Name, tuple[Table, str]]
) -> Iterator[Finding]:
    """What it takes the place of."""
    for name, (above, text) in detached.items():
        if above.name != parent.name or said.bound is None:
            continue
        former = bounds_apart.read(text)
        if former is not None and bounds_apart.apart(former, said.bound, parent):
            continue
        yield refuse.finding(
            action,
            "partition_order",
            f"this train detaches {name}, whose bounds may be those of this one, and until this"
            f" one is attached, {parent.name} takes no row within them",
            "add a validated CHECK of the bounds first, and put both statements into one DO"
            " block under `-- zdm: run in contract -- reason`, which is one transaction; where"
            " the bounds differ, put this statement into the next train",
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
