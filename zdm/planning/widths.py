"""How many columns each table of a train comes to: PostgreSQL holds 1,600, with dropped ones.

It is asked before anything is planned. A column that was dropped before the train is not in
the Snapshot, and a changed type may take a column too, so the count may be too low; then the
replay on a server finds it.
"""

from collections.abc import Iterator, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTable
from zdm.recipes.reading import refuse

MOST_COLUMNS = 1_600


def find(actions: Sequence[Action], snapshot: Snapshot) -> Iterator[Finding]:
    """A Finding for each table at the statement that brings it above the limit."""
    widths: dict[Name, int] = {}
    for action in actions:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table is None:
            continue
        width = widths.get(fact.table, _width(snapshot, fact.table))
        widths[fact.table] = width + _new(action, fact, snapshot)
        if width <= MOST_COLUMNS < widths[fact.table]:
            yield refuse.finding(
                action,
                "too_many_columns",
                f"{fact.table} would have {widths[fact.table]:,} columns, dropped ones"
                f" counted, and PostgreSQL holds at most {MOST_COLUMNS:,}",
                "put the further columns into a table of their own",
            )


def _new(action: Action, fact: Fact, snapshot: Snapshot) -> int:
    """Columns that it adds; a renamed one is a second one until the contract."""
    match fact.kind:
        case ActionKind.ADD_COLUMN:
            return 0 if fact.if_exists and _has(snapshot, fact) else 1
        case ActionKind.RENAME_COLUMN:
            return 1
        case ActionKind.CREATE_TABLE:
            return len(action.said.columns) if isinstance(action.said, CreateTable) else 0
    return 0


def _width(snapshot: Snapshot, name: Name) -> int:
    table = snapshot.table(name)
    return 0 if table is None else len(table.columns)


def _has(snapshot: Snapshot, fact: Fact) -> bool:
    table = None if fact.table is None else snapshot.table(fact.table)
    return table is not None and table.column(fact.name) is not None
