import pytest
from msgspec import structs

from tests.samples import ADD, RENAME, USERS
from zdm.model.plan import Irreversible, Phase
from zdm.render import outline


def test_a_rewrite_is_a_cost() -> None:
    step = structs.replace(ADD, rewrites=(USERS,))

    assert outline.cost(step) == "rewrites users"


@pytest.mark.parametrize(
    ("stays", "said"),
    [
        ((), "can be rolled back until step 4"),
        ((1,), "can be rolled back until step 4, but not step 1"),
        ((1, 2), "can be rolled back until step 4, but not steps 1, 2"),
    ],
)
def test_a_step_before_the_rollout_without_undo_does_not_end_the_way_back(
    stays: tuple[int, ...], said: str
) -> None:
    gone = Irreversible(reason="it runs as written")
    steps = (
        *(structs.replace(ADD, undo=gone if n in stays else ()) for n in (1, 2, 3)),
        structs.replace(ADD, id="drop", phase=Phase.DROP, undo=gone),
    )

    assert outline.return_until(structs.replace(RENAME, steps=steps)) == said


def test_rows_that_stay_and_steps_that_stay_are_both_named() -> None:
    steps = (
        structs.replace(ADD, undo=Irreversible(reason="rows", rows=True)),
        structs.replace(ADD, undo=Irreversible(reason="as written")),
    )
    said = outline.return_until(structs.replace(RENAME, steps=steps))

    assert said == "can be rolled back at every step, but not the rows of step 1 and step 2"
