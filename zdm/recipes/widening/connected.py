"""The statements of a train that change the types of columns together: those of one table, and
of tables that foreign keys connect with it."""

from collections.abc import Callable, Sequence

from zdm.model.commands import AlterSequence
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact

Change = tuple[Name, str, str]  # the table, the column and its new type
Types = dict[tuple[Name, str], str]
Reader = Callable[[Action, Snapshot], Change | None]


def together(
    actions: Sequence[Action], snapshot: Snapshot, first: Change, changes: Reader
) -> tuple[Types, list[int]]:
    """The columns of tables that are connected to the first one, as far as nothing else is done
    to these tables before."""
    found = {0: first}
    tables = _connected(first[0], snapshot)
    for position, action in enumerate(actions[1:], 1):
        one = changes(action, snapshot)
        if one is not None and one[0] in tables:
            found[position] = one
        elif _in_the_way(action, tables):
            break
    taken = _reached(found, snapshot)
    kept = {position: one for position, one in found.items() if one[0] in taken}
    columns = {(table, column): new for table, column, new in kept.values()}
    return columns, list(kept)


def _connected(start: Name, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that foreign keys lead to, in both directions."""
    found, left = set[Name](), [start]
    pairs = _pairs(snapshot)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [other for pair in pairs if name in pair for other in pair]
    return frozenset(found)


def _pairs(snapshot: Snapshot) -> tuple[frozenset[Name], ...]:
    return tuple(
        frozenset({table.name, key.references})
        for table in snapshot.tables
        for key in table.constraints
        if key.references is not None
    )


def _reached(found: dict[int, Change], snapshot: Snapshot) -> frozenset[Name]:
    """The tables of these that are connected with the first one by tables of these alone."""
    names = {one[0] for one in found.values()}
    reached, left = set[Name](), [found[0][0]]
    pairs = [pair for pair in _pairs(snapshot) if pair <= names]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += [other for pair in pairs if name in pair for other in pair]
    return frozenset(reached)


def _in_the_way(action: Action, tables: frozenset[Name]) -> bool:
    """Whether it may have to come before what follows it."""
    if isinstance(action.said, AlterSequence):
        return False
    fact = action.fact
    return not isinstance(fact, Fact) or fact.table is None or fact.table in tables
