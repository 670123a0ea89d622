import dataclasses

import pytest

from tests.samples import ADD, USERS
from zdm.render import outline


def test_a_rewrite_is_a_cost() -> None:
    step = dataclasses.replace(ADD, rewrites=(USERS,))

    assert outline.cost(step) == "rewrites users"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (45_000_000, "45 MB"),
        (42 * 10**12, "42 TB"),
    ],
)
def test_a_size_has_two_digits(number: int, text: str) -> None:
    assert outline.size(number) == text
