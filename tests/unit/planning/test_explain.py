"""The explanation of a plan says what the plan does: over every case."""

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from tests import case as cases
from tests.golden import Golden
from tests.unit.planning.test_wordings import WORDINGS
from zdm.model.explained import choice
from zdm.model.explained.explanation import Explanation, Verdict
from zdm.planning import classify, schedule
from zdm.planning.classify import Classification
from zdm.planning.explained import changes
from zdm.planning.schedule import Scheduled
from zdm.render.explained import json as as_json
from zdm.render.explained import markdown, terminal
from zdm.render.layout import Layout
from zdm.serialize import explanation_file, plan_file

pytestmark = pytest.mark.xdist_group("explained")  # the table has what the cases have shown
NO_STATEMENT = "no statement: "  # proposes to leave it out


@cache
def made(case: Path) -> tuple[Classification, Scheduled, Explanation]:
    train, snapshot = cases.train(case), cases.schema(case)
    found = classify.classify(train, snapshot)
    plan = schedule.scheduled(found, name=case.name, train=train, snapshot=snapshot)
    return found, plan, changes.explain(found, plan)


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


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_every_step_of_the_plan_belongs_to_a_change(case: Path) -> None:
    _, scheduled, explanation = made(case)
    told = [name for change in explanation.changes for name in change.steps]

    assert sorted(told) == sorted(s.id for s in scheduled.plan.steps if s.id != "rollout")


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_every_way_says_why(case: Path) -> None:
    _, _, explanation = made(case)
    for change in explanation.changes:
        names = [one.name for one in change.ways]

        assert len(set(names)) == len(names)
        assert all(one.fact for one in change.ways if one.verdict is not Verdict.DEARER), change


def test_the_words_that_are_proposed_have_been_tried() -> None:
    tried = {(one.slug, one.way) for one in WORDINGS}
    proposed = {
        (change.slug, one.name)
        for case in cases.PLANNED
        for change in made(case)[2].changes
        for one in change.ways
        if one.wording and not one.wording.startswith(NO_STATEMENT)
    }

    assert proposed - tried == set()


def test_the_ways_of_all_cases(golden: Golden) -> None:
    verdicts: dict[tuple[str, str], set[Verdict]] = {}
    for case in cases.PLANNED:
        for change in made(case)[2].changes:
            for one in change.ways:
                verdicts.setdefault((change.slug, one.name), set()).add(one.verdict)
    lines = [
        f"{slug} {name}: {', '.join(v for v in Verdict if v in found)}\n"
        for (slug, name), found in sorted(verdicts.items())
    ]

    golden.check("ways.txt", "".join(lines))


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_every_explanation_is_rendered(case: Path) -> None:
    _, scheduled, explanation = made(case)
    text = terminal.render(explanation, scheduled.plan, Layout(width=80))
    document = markdown.render(explanation, scheduled.plan)
    content = json.loads(as_json.render(explanation, scheduled.plan))

    assert max(map(len, text.splitlines())) <= 80
    assert text.count(" taken: ") == len(explanation.changes)
    assert document.count("✅") == len(explanation.changes)
    assert content["digest"] == plan_file.digest(scheduled.plan)
    jsonschema.Draft202012Validator(explanation_file.schema()).validate(content)
