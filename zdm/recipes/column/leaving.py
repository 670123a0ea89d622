"""Constraints and unique indexes of what the same train drops below.

The new version writes neither the table nor the columns, so until the drop such a constraint
refuses nothing of it, as `drop_table` and `drop_column` say of those that go with them. It can
stay for the old version, and is dropped in the contract.
"""

from collections.abc import Sequence

from zdm.model.schema import Constraint, Index, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.recipes.column import refusing

_WRITES = frozenset({ActionKind.INSERT, ActionKind.UPDATE})
_CHANGES = frozenset(
    {ActionKind.RENAME_TABLE, ActionKind.RENAME_COLUMN, ActionKind.CHANGE_TYPE}
)


def is_dropped(later: Sequence[Action], table: Table) -> bool:
    """Whether the train drops the table when the old version is gone."""
    return any(_drops(action, table, ActionKind.DROP_TABLE) for action in later)


def columns(later: Sequence[Action], table: Table) -> frozenset[str]:
    """The columns of the table that the train drops when the old version is gone; none where it
    writes rows below, since triggers may then keep such a column and another the same."""
    if any(isinstance(a.fact, Fact) and a.fact.kind in _WRITES for a in later):
        return frozenset()
    dropped = (_drops(action, table, ActionKind.DROP_COLUMN) for action in later)
    return frozenset(fact.name for fact in dropped if fact is not None)


def _drops(action: Action, table: Table, kind: ActionKind) -> Fact | None:
    """What a statement without a place of the author's own drops of the table."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not kind or action.statement.vouched:
        return None
    return fact if fact.table == table.name else None


def refers_from(key: Constraint, later: Sequence[Action], table: Table) -> bool:
    """Whether a foreign key refuses nothing of a version that writes none of what goes, and can
    stay until then: the train does not change the table that it refers to before."""
    if any(
        isinstance(a.fact, Fact) and a.fact.kind in _CHANGES and a.fact.table == key.references
        for a in later
    ):
        return False
    return is_dropped(later, table) or set(key.columns) <= columns(later, table)


def repeats_none(
    index: Index, later: Sequence[Action], table: Table, snapshot: Snapshot
) -> bool:
    """Whether rows without what is dropped never have the same keys in a unique index."""
    if is_dropped(later, table):
        return True
    left = columns(later, table)
    if not index.columns or not set(index.columns) <= left:
        return False
    return not any(
        index in refusing.unique(table, name, refusing.omitted(found, snapshot), left)
        for name in index.columns
        if (found := table.column(name)) is not None
    )
