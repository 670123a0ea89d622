"""What recognisers read from an Action: its Fact, and the tables and names in its tree."""

from collections.abc import Iterable, Iterator

from zdm.model.expression import Words
from zdm.model.locks import LockMode
from zdm.model.operation import Refusal
from zdm.model.plan import (
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table, Volatility
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTableAs
from zdm.parse import expressions, mentioned
from zdm.parse.readers import texts
from zdm.recipes.reading import refuse, updates
from zdm.schema import routines
from zdm.schema.impact import cascades
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


def not_of_table(action: Action, name: Name | None, snapshot: Snapshot) -> Refusal:
    """The statement is about rows of a view, or of what the schema does not have."""
    view = next((view for view in snapshot.views if view.name == name), None)
    if view is None:
        return unknown_table(action, name)
    return refuse.refuse(
        action,
        "rows_of_view",
        f"{name} is a {view.kind}, and which rows of which tables this statement changes"
        " depends on its query, its rules and triggers, so zdm does not plan it",
        "name the table itself, with the conditions of the view; or, if it can run at once in"
        " a quiet hour, put `-- zdm: run in expand -- reason` above it",
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
    called = {name for action in actions for name in _called(snapshot, action)}
    return locks(snapshot, *own, *_fired(snapshot, written, called))


def _called(snapshot: Snapshot, action: Action) -> Iterator[Name]:
    """The functions that it calls and that may write: of the schema, and VOLATILE."""
    if not isinstance(action.said, (*mentioned.CHANGING, CreateTableAs)):
        return
    calls = [*mentioned.functions(action), *_of_defaults(snapshot, action)]
    words = {name[-1] for name in calls}
    for function in snapshot.functions:
        if function.name.name in words and function.volatility is Volatility.VOLATILE:
            yield function.name


def _of_defaults(snapshot: Snapshot, action: Action) -> Iterator[Words]:
    """The functions of the defaults that it gives to rows."""
    fact = action.fact
    on = fact.table if isinstance(fact, Fact) else None
    table = None if on is None else snapshot.table(on)
    if table is not None:
        for name in mentioned.defaults(action, [c.name for c in table.columns]):
            default = table.require_column(name).default
            if default is not None:
                yield from expressions.functions(expressions.read(default))


def _fired(
    snapshot: Snapshot, written: Iterable[Name], called: Iterable[Name]
) -> Iterator[TableLock]:
    """On tables that these functions name, and those of the written tables' triggers: they may
    write them, and by foreign keys others."""
    found = list(_by_functions(snapshot, called))
    left, seen = [*written, *_changed(found)], set[Name]()
    while left:
        table = snapshot.table(left.pop())
        if table is not None and table.name not in seen:
            seen.add(table.name)
            others = list(_by_functions(snapshot, [t.function for t in table.triggers]))
            left += _changed(others)
            found += others
    return iter(found)


def _changed(found: Iterable[TableLock]) -> list[Name]:
    return [lock.table for lock in found if lock.mode is LockMode.ROW_EXCLUSIVE]


def _by_functions(snapshot: Snapshot, functions: Iterable[Name]) -> Iterator[TableLock]:
    """The tables whose names are in the functions, or in those that these name, and where they
    delete, those whose rows refer to the tables' rows."""
    words = _bodies(snapshot, functions)
    for table in _tables(snapshot, words):
        yield TableLock(table=table.name, mode=LockMode.ROW_EXCLUSIVE)
        for one in cascades.reached(table, snapshot) if "delete" in words else ():
            mode = LockMode.ROW_EXCLUSIVE if one.action else LockMode.ROW_SHARE
            yield TableLock(table=one.table.name, mode=mode)


def _bodies(snapshot: Snapshot, functions: Iterable[Name]) -> frozenset[str]:
    runs = routines.reached(snapshot, functions)
    return frozenset(word for function in runs for word in routines.body_names(function))


def _tables(snapshot: Snapshot, words: frozenset[str]) -> tuple[Table, ...]:
    return tuple(table for table in snapshot.tables if table.name.name in words)


def words(action: Action) -> frozenset[str]:
    """Every name that its text may mean."""
    return texts.names(action.statement.sql)


def named(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that a statement names of which nothing else is known, in its text or that of
    functions, and those that their triggers write."""
    found = words(action)
    functions = [f.name for f in snapshot.functions if f.name.name in found]
    tables = [table.name for table in _tables(snapshot, found)]
    fired = _fired(snapshot, tables, functions)
    return frozenset({*tables, *(lock.table for lock in fired)})


def called(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that the functions which an INSERT or UPDATE calls name."""
    if fact(action, ActionKind.INSERT, ActionKind.UPDATE) is None:
        return frozenset()
    names = {name[-1] for name in mentioned.functions(action)}
    functions = [f.name for f in snapshot.functions if f.name.name in names]
    return frozenset(t.name for t in _tables(snapshot, _bodies(snapshot, functions)))


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
