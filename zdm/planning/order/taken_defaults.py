"""Statements that take a column's default, while another one of the train changes it.

Phases reorder steps: a new default is set before rows are filled, and an old one is dropped
after the rollout. An INSERT that leaves the column out, or SET c = DEFAULT, would then take
another default than in the author's order.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from zdm.model.findings import Finding
from zdm.model.plan import RunSql
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact, Source, Train
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse

_CHANGES = frozenset({ActionKind.SET_DEFAULT, ActionKind.DROP_DEFAULT})
_TAKES = frozenset({ActionKind.INSERT, ActionKind.UPDATE})


class _Change(Struct, frozen=True):
    """Where the author changes the default, and where the plan does."""

    action: Action
    table: Name | None
    column: str
    said: int
    planned: int


def conflicts(
    steps: Sequence[Owned], placed: Sequence[Placed], train: Train
) -> tuple[Finding, ...]:
    """One for each statement that would take another default."""
    order = {statement.source: n for n, statement in enumerate(train.statements)}
    changes = [
        _Change(action, fact.table, fact.name, order[action.statement.source], at[-1])
        for owner, place in enumerate(placed)
        for action in place.actions
        if isinstance(fact := action.fact, Fact) and fact.kind in _CHANGES
        if (at := [n for n, one in enumerate(steps) if one.owner == owner and _sets(one)])
    ]
    return tuple(
        _finding(action, change, column)
        for owner, place in enumerate(placed if changes else ())
        for action, column, said, planned in _taken(owner, place, steps, order)
        for change in changes
        if (change.table, change.column) == (_table(action), column)
        and change.action is not action
        and (change.said < said) is not (change.planned < planned)
    )


def _sets(one: Owned) -> bool:
    """Whether the step may change a default."""
    return isinstance(one.step, RunSql) and any("DEFAULT" in sql for sql in one.step.sql)


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _taken(
    owner: int, place: Placed, steps: Sequence[Owned], order: Mapping[Source, int]
) -> Iterator[tuple[Action, str, int, int]]:
    """The columns whose default an INSERT or UPDATE takes, and where it runs."""
    own = [n for n, one in enumerate(steps) if one.owner == owner]
    for action in place.actions if own else ():
        fact = action.fact
        if not isinstance(fact, Fact) or fact.kind not in _TAKES or fact.table is None:
            continue
        table = place.context.snapshot.table(fact.table)
        columns = () if table is None else tuple(column.name for column in table.columns)
        for column in sorted(mentioned.defaults(action, columns)):
            yield action, column, order[action.statement.source], own[-1]


def _finding(action: Action, change: _Change, column: str) -> Finding:
    return refuse.finding(
        action,
        "default_order",
        f"this statement takes the default of {change.table}.{column}, which"
        f" {change.action.source} changes, and in the plan the two would run in the other"
        " order",
        f"write the value of {column} itself into this statement",
    )
