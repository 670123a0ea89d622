"""The schema states that a plan leads through: the start, and one after every step.

The rollout changes no schema, but it is a state of its own: who runs is different.
"""

from msgspec import Struct

from zdm.model.plan import BOTH, OLD_ONLY, AwaitRollout, Phase, Plan, Side

START = "start"


class State(Struct, frozen=True, kw_only=True):
    """The schema once a step is done, and the versions that work on it."""

    after: str  # the step's id; `start` before the first
    phase: Phase | None
    title: str
    serves: frozenset[Side]


def states(plan: Plan) -> tuple[State, ...]:
    """The start, and the state after each step, in order."""
    begins = any(step.phase.position < Phase.ROLLOUT.position for step in plan.steps)
    found = [
        State(
            after=START,
            phase=None,
            title="the schema as it is",
            serves=OLD_ONLY if begins else BOTH,
        )
    ]
    for step in plan.steps:
        serves = found[-1].serves if isinstance(step, AwaitRollout) else step.serves
        found.append(State(after=step.id, phase=step.phase, title=step.title, serves=serves))
    return tuple(found)
