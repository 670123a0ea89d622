"""The explanation of a plan says what the plan does: over every case."""

from pathlib import Path

import pytest

from tests import case as cases
from zdm.model import choice
from zdm.model.choice import Explanation
from zdm.planning import classify, explain, schedule
from zdm.planning.classify import Classification
from zdm.planning.schedule import Scheduled


def made(case: Path) -> tuple[Classification, Scheduled, Explanation]:
    train, snapshot = cases.train(case), cases.schema(case)
    found = classify.classify(train, snapshot)
    plan = schedule.scheduled(found, name=case.name, train=train, snapshot=snapshot)
    return found, plan, explain.explain(found, plan)


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_the_way_that_is_taken_has_the_steps_of_the_plan(case: Path) -> None:
    found, scheduled, explanation = made(case)
    steps = {step.id: step for step in scheduled.plan.steps}
    for place, change in zip(found.placed, explanation.changes, strict=True):
        own = [steps[name] for name in change.steps]
        taken = place.operation.choice(place.context).taken

        assert change.taken.name == taken.name
        assert taken.has(own), (taken, choice.traits(own))
        assert bool(own) == (taken.name != "nothing")
