"""Whether an UPDATE of the author may run a second time over some of its rows.

A second run that is not the same as one would change again what the first one has set, and the
old values are gone. So where it is not certain, there is none.
"""

from collections.abc import Sequence

from zdm.model.commands import WorkOn
from zdm.model.expression import Feature
from zdm.model.schema import Column, Name, Snapshot, Table, Volatility
from zdm.model.statement import Action
from zdm.model.syntax import Update as Said
from zdm.parse import expressions, mentioned
from zdm.parse.readers import nulls
from zdm.parse.rows import row_condition
from zdm.parse.rows.row_condition import Updated
from zdm.recipes.constraint.added_later import Refused
from zdm.recipes.reading import correlated, few, updates
from zdm.recipes.reading.updates import Update
from zdm.schema import default_volatility, lookup, not_null_proof


def repeats(
    update: Update,
    actions: Sequence[Action],
    table: Table,
    snapshot: Snapshot,
    refused: Sequence[Refused],
) -> bool:
    """Whether a second run of the first Action, over the rows that constraints refuse and
    behind all other Actions, gives them what the first one did."""
    action = actions[0]
    later = (one for one in actions[1:] if not _fills(one, update, refused))
    if any(_changes(one, action, table, snapshot) for one in later):
        return False
    before = set_before(action, table, snapshot)
    if any(not _left_null(column, update, refused) for _, column in before):
        return False
    if update.alone and not update.features - {Feature.DEFAULT_VALUE}:
        return not updates.twice(update, action, table, ()) and (
            _only_nulls(update) or _fixed(update, snapshot)
        )
    return not _counts_itself(action, table, snapshot) and isinstance(
        correlated.read(action, table, snapshot), Updated
    )


def _fills(later: Action, update: Update, refused: Sequence[Refused]) -> bool:
    """Whether NOT NULL alone refuses rows, and none of those that this UPDATE changes."""
    other = updates.read(later)
    if other is None or other.table != update.table or not update.simple:
        return False
    values = dict(other.assignments) if other.alone else {}
    left = _nulls(other)
    return all(one.by == "NOT NULL" for one in refused) and all(
        column in values and column in left and nulls.never(values[column], frozenset())
        for column, _ in update.assignments
    )


def set_before(
    action: Action, table: Table, snapshot: Snapshot
) -> tuple[tuple[Name, Column], ...]:
    """The columns that it reads or sets and that an UPDATE before it sets, too, by table."""
    used = mentioned.columns(action) | {*updates.targets(action)}
    whole = mentioned.every_column(action) or bool(mentioned.whole_rows(action))
    return tuple(
        (one.name, column)
        for one in dict.fromkeys((table, *(few.sources(action, snapshot) or ())))
        for column in one.columns
        if column.updated and (whole or column.name in used)
    )


def _left_null(column: Column, update: Update, refused: Sequence[Refused]) -> bool:
    """Whether the earlier UPDATE runs again, too, and this one only fills what it leaves."""
    fills = column.updated == "again" and column.name in _nulls(update)
    return fills and all(one.by == "NOT NULL" for one in refused)


def _changes(later: Action, action: Action, table: Table, snapshot: Snapshot) -> bool:
    """Whether it changes what the other one reads or sets."""
    used = mentioned.columns(action) | {*updates.targets(action)}
    others = {one.name for one in few.sources(action, snapshot) or ()}
    for change in mentioned.row_changes(later):
        said = change.said
        relation = said.relations[0] if isinstance(said, WorkOn) else said.table
        name = lookup.found(relation, snapshot, later.statement.settings)
        if isinstance(said, Said):
            if name in {table.name, *others} and used & {a.column for a in said.assignments}:
                return True
        elif name in others or (name == table.name and change.is_merge):
            return True
    return False


def _only_nulls(update: Update) -> bool:
    """Whether it sets columns that are NULL alone, so that a second run takes no value away."""
    return {column for column, _ in update.assignments} <= _nulls(update)


def _nulls(update: Update) -> frozenset[str]:
    """The columns that are NULL in each row which it means."""
    tests = () if update.where is None else not_null_proof.every(update.where)
    found = (test for one in tests if (test := expressions.null_test(one)) is not None)
    return frozenset(column for column, negated in found if not negated)


def _fixed(update: Update, snapshot: Snapshot) -> bool:
    """Whether its values follow from the row alone."""
    return all(
        default_volatility.volatility(value, snapshot) is Volatility.IMMUTABLE
        and Feature.DEFAULT_VALUE not in expressions.features(value)
        for _, value in update.assignments
    )


def _counts_itself(action: Action, table: Table, snapshot: Snapshot) -> bool:
    """Whether it takes rows of its own table together, as to number them."""
    sources = few.sources(action, snapshot) or ()
    own = any(source.name == table.name for source in sources)
    return own and row_condition.counts_rows(action)
