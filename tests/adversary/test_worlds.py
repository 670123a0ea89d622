"""A hundred worlds of one seed: `make adversary` by hand tries others."""

from collections.abc import Iterator

import pytest

from tests.adversary import generate, trial
from tests.adversary.trial import Ground
from zdm.postgres.server import provider, shadow
from zdm.postgres.server.provider import Wanted

FIRST, WORLDS, BATCH = 30000, 100, 10
MAJOR = 18

pytestmark = [pytest.mark.more, pytest.mark.adversary]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Servers of the adversary's own: its roles are the server's."""
    settings = (("autovacuum", "off"),)
    with (
        provider.throwaway(Wanted(major=MAJOR, settings=settings)) as server,
        shadow.open(Wanted(major=MAJOR)) as second,
    ):
        made = Ground(server=server, shadow=second)
        made.prepare()
        yield made


@pytest.mark.parametrize("first", range(FIRST, FIRST + WORLDS, BATCH))
def test_a_plan_ends_as_the_plain_migration_and_no_version_notices(
    ground: Ground, first: int
) -> None:
    faults = {
        seed: found
        for seed in range(first, first + BATCH)
        if (found := trial.run(ground, generate.world(seed, MAJOR)).faults)
    }

    assert faults == {}
