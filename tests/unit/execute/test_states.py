"""The state is derived from which steps are done."""

from pathlib import Path

import pytest

from tests import case as cases
from zdm.execute import states
from zdm.model.release import RunState
from zdm.serialize import plan_file

FILE = Path(cases.ROOT) / "rename_column/plain/plan.yaml"
PLAN = plan_file.loads(FILE.read_text(), str(FILE))
IDS = [step.id for step in PLAN.steps]


def up_to(word: str) -> set[str]:
    """Every step before the first one of that phase."""
    first = next(i for i, step in enumerate(PLAN.steps) if step.phase == word)
    return set(IDS[:first])


@pytest.mark.parametrize(
    ("done", "state"),
    [
        (set(), RunState.PLANNED),
        (up_to("backfill"), RunState.EXPANDED),
        (up_to("validate"), RunState.EXPANDED),
        (up_to("rollout"), RunState.BACKFILLED),
        (up_to("contract"), RunState.DEPLOYED),
        (up_to("drop"), RunState.DEPLOYED),
        (set(IDS), RunState.CONTRACTED),
    ],
    ids=["nothing", "expand", "fill", "validate", "rollout", "contract", "all"],
)
def test_the_furthest_state_that_is_wholly_done(done: set[str], state: RunState) -> None:
    assert states.reached(PLAN, done) is state


def test_a_state_is_reached_when_every_step_up_to_it_is_done() -> None:
    done = up_to("rollout")

    assert states.has_reached(PLAN, done, RunState.BACKFILLED)
    assert not states.has_reached(PLAN, done, RunState.DEPLOYED)
    assert not states.has_reached(PLAN, done - {IDS[0]}, RunState.BACKFILLED)
