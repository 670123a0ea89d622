"""Executors are killed, cut off and crashed under load; the end is a calm run's.

`python -m tests.kill_matrix` (`make kill-matrix`) does all points; here is a sample.
"""

from collections.abc import Iterator

import pytest

from tests.kill_matrix import matrix, points, site
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.points import AFTER, BEGIN, Back, Harm, Point
from zdm.model.plan import Phase

FEW, MANY = 15, 30  # points: each harm and each scenario, and each harm in each scenario
SEED = 9


def together(major: int) -> pytest.MarkDecorator:
    """On one worker: the calm runs, with which others are compared, take as long as a few
    points."""
    return pytest.mark.xdist_group(f"kill matrix {major}")


def mostly_on(major: int, other: int) -> pytest.MarkDecorator:
    """A long one: with few points on one version, and with `make thorough` many on both."""
    params = [
        pytest.param(major, FEW, id=f"{major}-few", marks=together(major)),
        *(
            pytest.param(n, MANY, id=f"{n}", marks=[pytest.mark.thorough, together(n)])
            for n in (major, other)
        ),
    ]
    return pytest.mark.parametrize(("killing", "wanted"), params, indirect=["killing"])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(14, marks=[pytest.mark.more, together(14)]),
        pytest.param(18, marks=together(18)),
    ],
    ids=["14", "18"],
)
def killing(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """A server of its own, since it is crashed."""
    with site.opened(request.param) as where:
        yield matrix.made(where)


def ends_like_a_calm_run(killing: Matrix, wanted: int, seed: int) -> list[str]:
    return found_wrong(killing, points.chosen(killing.steps(), wanted, seed))


def found_wrong(killing: Matrix, chosen: list[Point]) -> list[str]:
    return [f"{p}: {item}" for p in chosen for item in killing.try_point(p).wrong]


def test_whatever_happens_to_it_a_run_ends_like_a_calm_one(killing: Matrix) -> None:
    assert ends_like_a_calm_run(killing, len(Harm), SEED) == []


@pytest.mark.more
@mostly_on(18, 14)
def test_whatever_happens_anywhere_a_run_ends_like_a_calm_one(
    killing: Matrix, wanted: int
) -> None:
    assert ends_like_a_calm_run(killing, wanted, SEED + 1) == []


def test_there_are_more_than_five_hundred_points(killing: Matrix) -> None:
    assert len(points.chosen(killing.steps(), 10_000, 1)) > 500


def test_a_rollback_that_is_killed_goes_on_or_is_undone_by_execute(killing: Matrix) -> None:
    """In the middle of an undo and between two, with and without the journal knowing."""
    half, whole = Back(1, half=True), Back(1, half=False)
    chosen = [
        Point("rename", BEGIN, AFTER, Harm.KILL, half),
        Point("rename", 0, 0.5, Harm.IMMEDIATE, half),
        Point("rename", 1, AFTER, Harm.KILL, Back(1, half=True, forward=True)),
        Point("backfill", 1, AFTER, Harm.KILL, whole),
        Point("backfill", 0, 0.25, Harm.CUT, Back(2, half=False)),
    ]

    assert found_wrong(killing, chosen) == []


@pytest.mark.more
@mostly_on(14, 18)
def test_whatever_happens_anywhere_a_rollback_ends_like_a_calm_one(
    killing: Matrix, wanted: int
) -> None:
    assert found_wrong(killing, points.chosen_back(killing.plans(), wanted, SEED + 2)) == []


def test_rollbacks_are_harmed_in_every_state_that_has_a_way_back(killing: Matrix) -> None:
    found = {
        (start.half, plan.steps[start.step].phase)
        for plan in killing.plans().values()
        for start in points.starts(plan)
    }
    whole = (Phase.EXPAND, Phase.BACKFILL, Phase.VALIDATE, Phase.ROLLOUT)

    assert found == {(False, phase) for phase in whole} | {(True, phase) for phase in whole}
