"""The columns whose values a statement copies to other columns or rows, or by which it chooses.

What the train drops behind it would lose what the old version writes there afterwards. A value
need not name its column: a row may be taken as a whole, and by a list of names behind an alias
it has other ones.
"""

from collections.abc import Iterator

from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import expressions, mentioned
from zdm.recipes.reading import updates
from zdm.recipes.reading.updates import Update
from zdm.schema import lookup

_ROWS = frozenset({ActionKind.INSERT, ActionKind.UPDATE, ActionKind.DELETE})


def found(action: Action, start: Snapshot) -> Iterator[tuple[Name, str]]:
    """Tables and columns; of another table in use without a column, too: the table itself."""
    update = updates.read(action)
    if update is not None:
        yield from ((update.table, column) for column in _of_itself(action, update, start))
    yield from _of_others(action, start)


def _of_itself(action: Action, update: Update, start: Snapshot) -> frozenset[str]:
    """Columns whose values go to another one, or decide which rows get a value."""
    decides = set() if update.where is None else {*expressions.columns(update.where)}
    targets = {target for target, _ in update.assignments}
    copied = {
        column
        for target, value in update.assignments
        for column in expressions.columns(value)
        if column != target
    }
    table = start.table(update.table)
    names = () if table is None else tuple(c.name for c in table.columns)
    whole = mentioned.whole_rows(action, *names) & mentioned.own_names(action)
    again = any(r.name == update.table.name for r in mentioned.reads(action))
    unnamed = whole or (again and _is_unnamed(action, names))
    every = {*names} - targets if unnamed else set[str]()
    return frozenset(copied | every | (decides - targets))


def _of_others(action: Action, start: Snapshot) -> Iterator[tuple[Name, str]]:
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind not in _ROWS:
        return
    words = mentioned.columns(action)
    for relation in mentioned.reads(action):
        name = lookup.found(relation, start, action.statement.settings)
        table = start.table(name)
        if table is not None and name != fact.table:
            yield (name, "")
            names = tuple(c.name for c in table.columns)
            every = _is_unnamed(action, names)
            yield from ((name, column) for column in names if every or column in words)


def _is_unnamed(action: Action, columns: tuple[str, ...]) -> bool:
    """Whether it may take values without the names that their columns have."""
    return (
        mentioned.every_column(action)
        or mentioned.renames(action)
        or bool(mentioned.whole_rows(action, *columns))
    )
