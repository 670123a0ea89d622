"""Each version works while it may run: the old one until the rollout, the new one from then on;
and every step before the rollout can be undone, except what runs as written (without probe)."""

from collections.abc import Iterator

from zdm.model.findings import Finding, violation
from zdm.model.plan import AwaitRollout, Irreversible, Phase, Plan, RunSql, Side, Step


def check(plan: Plan) -> tuple[Finding, ...]:
    """Findings about versions and ways back."""
    before = [s for s in plan.steps if s.phase.position < Phase.ROLLOUT.position]
    after = [s for s in plan.steps if s.phase.position > Phase.ROLLOUT.position]
    return (*_old(before), *_new(plan, before, after), *_way_back(before))


def _old(before: list[Step]) -> Iterator[Finding]:
    for step in before:
        if Side.OLD not in step.serves:
            yield violation(
                "breaks_old",
                f"step {step.id} breaks the old version before it is replaced",
                step.origin,
            )


def _new(plan: Plan, before: list[Step], after: list[Step]) -> Iterator[Finding]:
    deploys = any(isinstance(step, AwaitRollout) for step in plan.steps)
    if deploys and before and Side.NEW not in before[-1].serves:
        yield violation(
            "new_not_ready",
            f"after step {before[-1].id} the new version is deployed, but does not work yet",
            before[-1].origin,
        )
    for step in after:
        if Side.NEW not in step.serves:
            yield violation("breaks_new", f"step {step.id} breaks the new version", step.origin)


def _way_back(before: list[Step]) -> Iterator[Finding]:
    for step in before:
        undo = step.undo if isinstance(step, RunSql) and step.probe else ()
        if isinstance(undo, Irreversible) and undo.label is None:
            yield violation(
                "early_point_of_no_return",
                f"step {step.id} cannot be undone ({undo.reason}), and the new version is"
                " not deployed yet",
                step.origin,
            )
