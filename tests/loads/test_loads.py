"""Each load in small: no statement fails and no row is wrong, there, back, and to the end.

`make loads` does it with 1,000,000 rows, and tells how long tables were locked.
"""

from collections.abc import Iterator

import pytest

from tests.loads import ground, load, runs
from tests.loads.runs import Size
from zdm.postgres.server.provider import Server

ROWS = 3_000
SMALL = Size(writers=8, rest=0.03, pause=0.2)
TWIN = "orphans_nulled"  # it differs from orphans_deleted in one word
pytestmark = pytest.mark.more


@pytest.fixture(
    scope="module",
    params=[pytest.param(14, marks=pytest.mark.thorough), 18],
    ids=["14", "18"],
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with ground.server(request.param) as found:
        yield found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.thorough if name == TWIN else ())
        for name in load.NAMES
    ],
)
def test_no_statement_fails_and_no_row_is_wrong(server: Server, name: str) -> None:
    found = load.read(name, ROWS)
    outcome = runs.beside(server, found, SMALL)

    assert (outcome.failed, outcome.wrong) == ([], [])
    assert set(outcome.longest_ms) == set(runs.PHASES)
    assert all(set(outcome.wrote[phase]) == {"old", "new"} for phase in ("rollout", "again"))
    assert "old" in outcome.wrote["before"]
    assert set(outcome.wrote["after"]) == {"new"}
    assert len(outcome.stopped) == (len(found.stray) if found.amends else 0)
    assert outcome.rolled_back
