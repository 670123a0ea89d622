"""What recognisers read from an Action: its Fact, and the tables and names in its tree."""

from collections.abc import Iterable, Iterator

from zdm.model.locks import LockMode
from zdm.model.operation import Refusal
from zdm.model.plan import (
    TableLock,
)
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.recipes.reading import refuse, updates
from zdm.schema import routines
from zdm.schema.impact import of as impact


def fact(action: Action, *kinds: ActionKind) -> Fact | None:
    """The Fact, if it is of one of these kinds."""
    found = action.fact
    return found if isinstance(found, Fact) and found.kind in kinds else None


def unknown_table(action: Action, table: Name | None) -> Refusal:
    """The statement is about a table that the schema does not have."""
    return refuse.refuse(
        action,
        "unknown_table",
        f"there is no table {table} in the schema, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )


def unknown_column(action: Action, table: Name, column: str) -> Refusal:
    """The statement is about a column that the table does not have."""
    return refuse.refuse(
        action,
        "unknown_column",
        f"{table} has no column {column}, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )


def locks(snapshot: Snapshot, *wanted: TableLock) -> tuple[TableLock, ...]:
    """Those on tables that exist before the train and are used already, each once."""
    kept = {
        lock
        for lock in wanted
        if (table := snapshot.table(lock.table)) is not None and not table.created
    }
    return tuple(sorted(kept))


def of_author(snapshot: Snapshot, *actions: Action) -> tuple[TableLock, ...]:
    """The locks of the author's own statement on tables in use."""
    touches = impact.statement(actions, snapshot).touches
    own = [TableLock(table=t.relation, mode=t.lock) for t in touches]
    written = [lock.table for lock in own if lock.mode is LockMode.ROW_EXCLUSIVE]
    return locks(snapshot, *own, *_fired(snapshot, written))


def _fired(snapshot: Snapshot, written: Iterable[Name]) -> Iterator[TableLock]:
    """On tables that functions of the written tables' triggers name: they may write them."""
    left, seen = list(written), set[Name]()
    while left:
        table = snapshot.table(left.pop())
        if table is None or table.name in seen:
            continue
        seen.add(table.name)
        runs = routines.reached(snapshot, [t.function for t in table.triggers])
        words = {word for function in runs for word in routines.body_names(function)}
        for other in snapshot.tables:
            if other.name.name in words:
                left.append(other.name)
                yield TableLock(table=other.name, mode=LockMode.ROW_EXCLUSIVE)


def about(action: Action, table: Name, column: str) -> bool:
    """Whether the Action is about the column; what cannot be read may be."""
    fact = action.fact
    if not isinstance(fact, Fact):
        return True
    if fact.table != table:
        return False
    if fact.kind in {ActionKind.CREATE_INDEX, ActionKind.COMMENT}:
        return False
    if fact.kind is ActionKind.UPDATE:
        return column in updates.targets(action)
    return column in (fact.name, fact.new_name)
