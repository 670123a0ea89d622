"""Steps are in the order of their phases, with one rollout before what breaks the old version,
and each has its own id."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from zdm.model.findings import Finding, violation
from zdm.model.plan import AwaitRollout, Phase, Plan


def check(plan: Plan) -> tuple[Finding, ...]:
    """Findings about order, ids and the rollout."""
    return tuple(_findings(plan))


def _findings(plan: Plan) -> Iterator[Finding]:
    for before, after in pairwise(plan.steps):
        if before.phase.position > after.phase.position:
            yield violation(
                "phase_order",
                f"step {after.id} ({after.phase.value}) comes after {before.id}"
                f" ({before.phase.value}), so it would run too late",
            )
    for step_id, count in Counter(step.id for step in plan.steps).items():
        if count > 1:
            yield violation(
                "step_id_twice",
                f"{count} steps have the id {step_id}, so the journal cannot distinguish them",
            )
    rollouts = [step for step in plan.steps if isinstance(step, AwaitRollout)]
    if len(rollouts) > 1:
        yield violation(
            "two_rollouts", "the plan has more than one rollout, so it must be two plans"
        )
    late = [s for s in plan.steps if s.phase.position > Phase.ROLLOUT.position]
    if late and not rollouts:
        yield violation(
            "no_rollout",
            f"step {late[0].id} breaks the old version, and nothing waits until it is gone",
        )
