"""The run's state, derived from which steps are done; pure."""

from collections.abc import Collection

from zdm.model.plan import Phase, Plan
from zdm.model.release import RunState

RUNNING = {
    Phase.EXPAND: RunState.EXPANDING,
    Phase.BACKFILL: RunState.BACKFILLING,
    Phase.VALIDATE: RunState.BACKFILLING,
    Phase.SWITCH: RunState.BACKFILLING,
    Phase.ROLLOUT: RunState.DEPLOYING,
    Phase.CONTRACT: RunState.CONTRACTING,
    Phase.DROP: RunState.CONTRACTING,
}
# Where `--until` stops, and the last phase that still runs.
LAST_PHASE = {
    RunState.EXPANDED: Phase.EXPAND,
    RunState.BACKFILLED: Phase.SWITCH,
    RunState.DEPLOYED: Phase.ROLLOUT,
    RunState.CONTRACTED: Phase.DROP,
}
FINISHED = frozenset({RunState.CONTRACTED, RunState.REVERTED})


def reached(plan: Plan, done: Collection[str]) -> RunState:
    """The furthest state whose phases are wholly done."""
    if all(step.id in done for step in plan.steps):
        return RunState.CONTRACTED
    found = RunState.PLANNED
    for state, phase in LAST_PHASE.items():
        before = [step for step in plan.steps if step.phase.position <= phase.position]
        if state is RunState.CONTRACTED or any(step.id not in done for step in before):
            break
        found = state
    return found


def has_reached(plan: Plan, done: Collection[str], state: RunState) -> bool:
    """Whether every step up to that state is done."""
    last = LAST_PHASE[state].position
    return all(step.id in done for step in plan.steps if step.phase.position <= last)
