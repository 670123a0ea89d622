"""Statements that would be cheaper as one."""

from collections.abc import Iterator, Sequence

from zdm.model.explained.explanation import Advice, Change
from zdm.model.schema import Name
from zdm.model.statement import Fact, Statement
from zdm.planning.classify import Placed

_QUICK = ("add_column", "catalog")


def advice(placed: Sequence[Placed], changes: Sequence[Change]) -> Iterator[Advice]:
    """Columns of one table that several statements add one by one, which one lock would do."""
    quick: dict[Name, dict[Statement, None]] = {}
    for place, change in zip(placed, changes, strict=True):
        if (change.slug, change.taken.name) == _QUICK and change.steps:
            for action in place.actions:
                if isinstance(action.fact, Fact) and action.fact.table is not None:
                    quick.setdefault(action.fact.table, {})[action.statement] = None
    for name, statements in quick.items():
        if len(statements) > 1:
            yield Advice(
                text=f"{len(statements)} statements add columns to {name}: one ALTER TABLE with"
                " all of them locks it once",
                origin=tuple(statement.source for statement in statements),
            )
