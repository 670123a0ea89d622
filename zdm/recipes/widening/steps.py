"""All steps, in order: beside, filled, built, switched, and ended after the rollout.

Before the switch the new version would meet the old type, with which it may not work.
"""

from msgspec.structs import replace

from zdm.model.plan import BOTH, OLD_ONLY, Backfill, RunSql, Step
from zdm.recipes.type.shared_types import Kind
from zdm.recipes.widening import build, contract, fill, switch
from zdm.recipes.widening.group import Group


def of(group: Group) -> tuple[Step, ...]:
    """For all tables of the group."""
    wider = all(w.kind is Kind.WIDER for wide in group.tables for w in wide.columns)
    before: tuple[RunSql | Backfill, ...] = (
        *map(fill.install, group.tables),
        *map(fill.fill, group.tables),
        *build.steps(group),
    )
    return (
        *(replace(step, serves=BOTH if wider else OLD_ONLY) for step in before),
        switch.step(group),
        *contract.steps(group),
    )
