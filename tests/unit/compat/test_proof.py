from tests.unit import plans
from zdm.compat import proof, states
from zdm.model.plan import BOTH, OLD_ONLY, Phase, Side

PLAN = plans.plan(*plans.good())


def test_the_start_and_every_step_are_states() -> None:
    assert [(s.after, s.serves) for s in states.states(PLAN)][:4] == [
        ("start", OLD_ONLY),
        ("expand-1", OLD_ONLY),
        ("validate-1", BOTH),
        ("rollout", BOTH),
    ]


def test_without_a_step_before_the_rollout_both_work_at_the_start() -> None:
    assert states.states(plans.plan(plans.step(Phase.DROP)))[0].serves == BOTH


def column(side: Side) -> list[tuple[bool, str]]:
    return [(c.works, c.reason) for c in proof.prove(PLAN) if c.side is side]


def test_the_old_version_works_until_the_contract() -> None:
    assert column(Side.OLD) == [
        (True, "nothing it uses has changed"),
        (True, "nothing it uses has changed"),
        (True, "nothing it uses has changed"),
        (True, "the schema still serves it, so it can be deployed again"),
        (False, "since contract-1: a step of contract"),
        (False, "since contract-1: a step of contract"),
    ]


def test_the_new_version_works_from_the_step_that_makes_it() -> None:
    assert column(Side.NEW) == [
        (False, "until validate-1: a step of validate"),
        (False, "until validate-1: a step of validate"),
        *[(True, "since validate-1: a step of validate")] * 4,
    ]


def test_a_version_that_never_works_is_said() -> None:
    plan = plans.plan(plans.step(serves=OLD_ONLY))

    assert [c.reason for c in proof.prove(plan) if c.side is Side.NEW] == [
        "no step makes it work"
    ] * 2
