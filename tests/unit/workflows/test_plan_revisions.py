import inspect
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit import plans, schemas
from zdm.errors import ZdmError
from zdm.model.findings import Finding, Severity
from zdm.model.plan import NO_TIMEOUT, OLD_ONLY, Cost, Phase, Plan
from zdm.planning import invariants
from zdm.planning.invariants import Invariant, gates, locks, phases, timeouts
from zdm.workflows import plan_revisions
from zdm.workflows.plan_revisions import PlanRequest, Sources

FIRST, BUILD, ROLLOUT, CONTRACT, DROP = plans.good()
BROKEN: dict[Invariant, Plan] = {  # plans that one invariant alone finds fault with
    phases.check: plans.plan(FIRST, replace(BUILD, id=FIRST.id), ROLLOUT),
    locks.check: plans.plan(plans.step(cost=Cost(scan=True)), ROLLOUT),
    gates.check: plans.plan(FIRST, BUILD, ROLLOUT, plans.step(Phase.CONTRACT, serves=OLD_ONLY)),
    timeouts.check: plans.plan(plans.step(lock_timeout=NO_TIMEOUT), ROLLOUT),
}


def test_each_invariant_has_a_plan_that_breaks_it() -> None:
    assert set(BROKEN) == set(invariants.ALL)


@pytest.mark.parametrize("invariant", invariants.ALL, ids=lambda check: check.__module__)
def test_a_broken_plan_passes_only_without_the_invariant_it_breaks(
    invariant: Invariant,
) -> None:
    others = tuple(check for check in invariants.ALL if check is not invariant)
    with pytest.raises(ZdmError, match="violates a plan invariant"):
        plan_revisions.check_invariants(BROKEN[invariant])

    plan_revisions.check_invariants(BROKEN[invariant], others)


def test_a_plan_that_breaks_an_invariant_is_not_returned(tmp_path: Path) -> None:
    def never(plan: Plan) -> tuple[Finding, ...]:
        return (Finding(slug="never", severity=Severity.ERROR, message=plan.name, remedy=""),)

    (tmp_path / "m.sql").write_text("COMMENT ON TABLE users IS 'people';")
    request = PlanRequest(
        root=tmp_path,
        targets=(str(tmp_path / "m.sql"),),
        snapshot=schemas.snapshot(schemas.users()),
    )
    sources = Sources(live=None, record=None)
    with pytest.raises(ZdmError, match="the plan m violates a plan invariant: m"):
        plan_revisions.run(request, sources, (*invariants.ALL, never))

    assert plan_revisions.run(request, sources).plan.name == "m"


@pytest.mark.parametrize("function", [plan_revisions.run, plan_revisions.check_invariants])
def test_every_invariant_is_asked_unless_a_test_says_otherwise(function: object) -> None:
    assert callable(function)
    assert inspect.signature(function).parameters["checks"].default is invariants.ALL
