"""The adversary knows every operation, and its worlds can be made."""

from collections.abc import Iterator

import psycopg
import pytest

from tests import case as cases
from tests.adversary import generate, shrink, trial, workers
from tests.adversary.statements.changes import GENERATORS
from tests.adversary.trial import Ground, Result
from tests.adversary.world import OWNER, World
from tests.conftest import MAJORS
from zdm import operations
from zdm.postgres.catalog import read as catalog
from zdm.postgres.session import connection

MOST_UNUSABLE = 2
TRIES = 30


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with workers.grounds(MAJORS[-1], replays=False) as made:
        yield made


def test_each_operation_of_the_registry_has_a_generator() -> None:
    known = {recogniser.__module__.rsplit(".", 1)[-1] for recogniser in operations.ALL}

    assert set(GENERATORS) == known


@pytest.mark.more
def test_each_generator_makes_its_operation(ground: Ground) -> None:
    never = {
        slug
        for slug in GENERATORS
        if not any(slug in planned(ground, slug, seed) for seed in range(TRIES))
    }

    assert never == set()


def planned(ground: Ground, slug: str, seed: int) -> set[str]:
    """The operations of the plan for a world with that change only."""
    world = generate.world(seed, ground.server.major, only=slug)
    with ground.database() as name:
        with psycopg.connect(ground.url(name), autocommit=True) as conn:
            conn.execute(world.before.encode())
        with connection.connect(ground.url(name, OWNER), name="tests") as own:
            found = trial.planned(world, catalog.read(own))
    return set() if isinstance(found, Result) else {o.slug for o in found[0].operations}


def test_a_seed_gives_the_same_world_again() -> None:
    assert generate.world(7, 18) == generate.world(7, 18)


def test_nearly_all_worlds_can_be_made(ground: Ground) -> None:
    failed = []
    for seed in range(40):
        with ground.database() as name, psycopg.connect(ground.url(name)) as conn:
            try:
                conn.execute(generate.world(seed, ground.server.major).before.encode())
            except psycopg.Error as error:
                failed.append(f"{seed}: {error}")

    assert len(failed) <= MOST_UNUSABLE, failed


def test_a_run_that_leaves_rows_unfilled_is_found(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def idle(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(cases, "run", idle)
    kinds = {
        kind
        for seed in range(6)
        for kind, _ in trial.run(ground, generate.world(seed, ground.server.major)).faults
    }

    assert "wrong schema" in kinds


def test_shrinking_keeps_what_still_fails() -> None:
    world = generate.world(11, 18)

    def fails(less: World) -> bool:
        return world.changes[0] in less.changes

    least = shrink.small(world, fails, tries=1000)

    assert least.changes == world.changes[:1]
    assert len(least.tables) == 1
    assert least.settings == {}
