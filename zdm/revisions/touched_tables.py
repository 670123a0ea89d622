"""The tables that plans touch, for the autogenerate filters while their runs are unfinished."""

from collections.abc import Iterator, Sequence

from zdm.model.plan import Plan, RunSql
from zdm.model.statement import Fact
from zdm.parse import facts
from zdm.serialize import plan_file


def tables(plans: Sequence[str]) -> frozenset[tuple[str, str]]:
    """(schema, name) of each table that the plans, as the journal holds them, change."""
    found = (plan_file.loads(text, "zdm.run") for text in plans)
    return frozenset(table for plan in found for table in _of(plan))


def _of(plan: Plan) -> Iterator[tuple[str, str]]:
    for step in plan.steps:
        if isinstance(step, RunSql):
            for lock in step.locks:
                yield lock.table.schema, lock.table.name
    for statement in plan.statements:
        for action in facts.actions(statement):
            if isinstance(action.fact, Fact) and action.fact.table is not None:
                yield action.fact.table.schema, action.fact.table.name
