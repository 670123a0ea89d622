"""Where, and how, an executor is stopped."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from zdm.model.plan import AwaitRollout, Backfill, Irreversible, Plan, RunSql, Step

PLACES = (0.0, 0.25, 0.5, 0.75)  # of a step's usual time; then its end
AFTER = 1.0
BEGIN, END = 99, -1  # of a rollback: what it does before its first undo, and after its last


class Harm(StrEnum):
    """What is done to it."""

    KILL = "SIGKILL of the executor"
    TERMINATE = "pg_terminate_backend"
    IMMEDIATE = "immediate restart of PostgreSQL"
    CRASH = "SIGKILL of PostgreSQL"
    CUT = "network cut"
    HALF_CUT = "network cut for the client only"


@dataclass(frozen=True, slots=True, order=True)
class Back:
    """A rollback of a run that went up to a step, or half of it.

    `forward`: who comes after the harm is `zdm execute`, which undoes the rollback.
    """

    step: int
    half: bool
    forward: bool = False

    def __str__(self) -> str:
        return f"taken back from {'half of' if self.half else 'after'} step {self.step + 1}"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One point; `place` is a share of the step's usual time, AFTER its end.

    With `back`, the step is one that is undone, or BEGIN, or END.
    """

    scenario: str
    step: int
    place: float
    harm: Harm
    back: Back | None = None

    def __str__(self) -> str:
        where = "after" if self.place == AFTER else f"{self.place:.0%} into"
        if self.back is None:
            return f"{self.scenario}: {self.harm} {where} step {self.step + 1}"
        stages = {BEGIN: "the beginning", END: "the end"}
        stage = stages.get(self.step, f"undoing step {self.step + 1}")
        forward = ", then forward" if self.back.forward else ""
        return f"{self.scenario}, {self.back}: {self.harm} {where} {stage}{forward}"


def every(steps: Mapping[str, int], chance: random.Random) -> Iterator[Point]:
    """Each harm at each place of each step; places within a step lie anywhere near."""
    for scenario, count in steps.items():
        for step in range(count):
            for harm in Harm:
                for place in _places(chance):
                    yield Point(scenario, step, place, harm)


def every_back(plans: Mapping[str, Plan], chance: random.Random) -> Iterator[Point]:
    """Each harm at each place of each undo, from each state that has a way back."""
    for scenario, plan in plans.items():
        for start in starts(plan):
            yield from _of_rollback(scenario, start, chance)


def _of_rollback(scenario: str, start: Back, chance: random.Random) -> Iterator[Point]:
    for stage in (BEGIN, *range(start.step, -1, -1), END):
        # after its end it is gone
        for place in (0.0,) if stage == END else _places(chance):
            for harm in Harm:
                yield Point(scenario, stage, place, harm, start)
            forward = Back(start.step, start.half, forward=True)
            yield Point(scenario, stage, place, Harm.KILL, forward)


def _places(chance: random.Random) -> list[float]:
    near = [place and place + chance.uniform(-0.12, 0.12) for place in PLACES]
    return [*(round(place, 3) for place in near), AFTER]


def starts(plan: Plan) -> Iterator[Back]:
    """Where a run stands that can be taken back: half of a long step, the end of a phase."""
    for position, (step, following) in enumerate(zip(plan.steps, plan.steps[1:], strict=False)):
        if step.id == plan.point_of_no_return or _is_kept(step):
            return
        if isinstance(step, Backfill | AwaitRollout) or not step.in_transaction:
            yield Back(position, half=True)
        if step.phase is not following.phase:
            yield Back(position, half=False)


def _is_kept(step: Step) -> bool:
    return isinstance(step, RunSql) and isinstance(step.undo, Irreversible)


def chosen(steps: Mapping[str, int], wanted: int, seed: int) -> list[Point]:
    """So many of them, spread over the scenarios and harms; all if there are fewer."""
    chance = random.Random(seed)
    return _spread(list(every(steps, chance)), wanted, chance)


def chosen_back(plans: Mapping[str, Plan], wanted: int, seed: int) -> list[Point]:
    """As `chosen`, of the rollback's."""
    chance = random.Random(seed)
    return _spread(list(every_back(plans, chance)), wanted, chance)


def _spread(points: list[Point], wanted: int, chance: random.Random) -> list[Point]:
    chance.shuffle(points)
    groups: dict[tuple[str, Harm, bool], list[Point]] = {}
    for point in points:
        forward = point.back is not None and point.back.forward
        groups.setdefault((point.scenario, point.harm, forward), []).append(point)
    found: list[Point] = []
    while len(found) < min(wanted, len(points)):
        for group in groups.values():
            if group and len(found) < wanted:
                found.append(group.pop())
    return found
