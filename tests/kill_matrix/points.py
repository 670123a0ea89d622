"""Where, and how, an executor is stopped."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

PLACES = (0.0, 0.25, 0.5, 0.75)  # of a step's usual time; then its end
AFTER = 1.0


class Harm(StrEnum):
    """What is done to it."""

    KILL = "SIGKILL of the executor"
    TERMINATE = "pg_terminate_backend"
    IMMEDIATE = "immediate restart of PostgreSQL"
    CRASH = "SIGKILL of PostgreSQL"
    CUT = "network cut"
    HALF_CUT = "network cut for the client only"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One point; `place` is a share of the step's usual time, AFTER its end."""

    scenario: str
    step: int
    place: float
    harm: Harm

    def __str__(self) -> str:
        where = "after" if self.place == AFTER else f"{self.place:.0%} into"
        return f"{self.scenario}: {self.harm} {where} step {self.step + 1}"


def every(steps: dict[str, int], chance: random.Random) -> Iterator[Point]:
    """Each harm at each place of each step; places within a step lie anywhere near."""
    for scenario, count in steps.items():
        for step in range(count):
            for harm in Harm:
                for place in PLACES:
                    moved = place and place + chance.uniform(-0.12, 0.12)
                    yield Point(scenario, step, round(moved, 3), harm)
                yield Point(scenario, step, AFTER, harm)


def chosen(steps: dict[str, int], wanted: int, seed: int) -> list[Point]:
    """So many of them, spread over the scenarios and harms; all if there are fewer."""
    chance = random.Random(seed)
    points = list(every(steps, chance))
    chance.shuffle(points)
    groups: dict[tuple[str, Harm], list[Point]] = {}
    for point in points:
        groups.setdefault((point.scenario, point.harm), []).append(point)
    found: list[Point] = []
    while len(found) < min(wanted, len(points)):
        for group in groups.values():
            if group and len(found) < wanted:
                found.append(group.pop())
    return found
