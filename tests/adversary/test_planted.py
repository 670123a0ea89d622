"""A fault that is planted back is found, by one world that shows it."""

from collections.abc import Iterator

import pytest

from tests.adversary import trial, workers
from tests.adversary.planted import FAULTS, Planted
from tests.adversary.trial import Ground
from tests.conftest import MAJORS

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("planted")]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with workers.grounds(MAJORS[-1]) as made:
        yield made


@pytest.mark.parametrize("fault", FAULTS, ids=[one.kind for one in FAULTS])
def test_a_world_that_shows_a_fault_has_none_without_it(ground: Ground, fault: Planted) -> None:
    result = trial.run(ground, fault.shows)

    assert result.outcome in ("executed", "refused", "stopped")
    assert result.faults == []


@pytest.mark.parametrize("fault", FAULTS, ids=[one.kind for one in FAULTS])
def test_a_fault_that_is_planted_back_is_found(ground: Ground, fault: Planted) -> None:
    with fault.there():
        found = trial.run(ground, fault.shows).faults

    assert found
