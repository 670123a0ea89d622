import dataclasses

from tests.samples import ADD, USERS
from zdm.render import outline


def test_a_rewrite_is_a_cost() -> None:
    step = dataclasses.replace(ADD, rewrites=(USERS,))

    assert outline.cost(step) == "rewrites users"
