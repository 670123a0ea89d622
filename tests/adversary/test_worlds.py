"""Worlds of one seed on the oldest and the newest version: `make adversary` tries others."""

from collections.abc import Iterator

import pytest

from tests.adversary import generate, trial, workers
from tests.adversary.trial import Ground

FIRST, WORLDS, BATCH = 30000, 30, 10
OFTEN = 20  # of them; all with `make thorough`
MAJORS = [  # each on a process of its own, which starts its servers once
    pytest.param(major, marks=pytest.mark.xdist_group(f"adversary {major}"))
    for major in (14, 18)
]

pytestmark = pytest.mark.more


@pytest.fixture(scope="module", params=MAJORS)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with workers.grounds(request.param) as made:
        yield made


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(FIRST + n, marks=() if n < OFTEN else pytest.mark.thorough)
        for n in range(0, WORLDS, BATCH)
    ],
)
def test_a_plan_ends_as_the_plain_migration_and_no_version_notices(
    ground: Ground, first: int
) -> None:
    faults = {
        seed: found
        for seed in range(first, first + BATCH)
        if (found := trial.run(ground, generate.world(seed, ground.server.major)).faults)
    }

    assert faults == {}
