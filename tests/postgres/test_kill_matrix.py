"""Executors are killed, cut off and crashed under load; the end is a calm run's.

`python -m tests.kill_matrix` (`make kill-matrix`) does all points; here is a sample.
"""

from collections.abc import Iterator

import pytest

from tests.kill_matrix import matrix, points, site
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.points import Harm

SAMPLE = 40
SEED = 9


@pytest.fixture(scope="module")
def killing() -> Iterator[Matrix]:
    """A server of its own, since it is crashed."""
    with site.opened() as where:
        yield matrix.made(where)


def ends_like_a_calm_run(killing: Matrix, wanted: int, seed: int) -> list[str]:
    wrong = []
    for point in points.chosen(killing.steps(), wanted, seed):
        outcome = killing.try_point(point)
        wrong += [f"{point}: {item}" for item in outcome.wrong]
    return wrong


def test_whatever_happens_to_it_a_run_ends_like_a_calm_one(killing: Matrix) -> None:
    assert ends_like_a_calm_run(killing, len(Harm), SEED) == []


@pytest.mark.more
def test_whatever_happens_anywhere_a_run_ends_like_a_calm_one(killing: Matrix) -> None:
    assert ends_like_a_calm_run(killing, SAMPLE, SEED + 1) == []


def test_there_are_more_than_five_hundred_points(killing: Matrix) -> None:
    assert len(points.chosen(killing.steps(), 10_000, 1)) > 500
