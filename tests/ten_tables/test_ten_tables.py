"""Releases of a bike rental, planned with verification and executed beside both versions: no
write fails, no row is wrong, and the end is the plain migrations'.

`python -m tests.ten_tables` runs them one by one, with a line of figures for each.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import MAJORS, a_server
from tests.ten_tables import history, releases
from tests.ten_tables.ground import Ground
from tests.ten_tables.runs import Outcome
from tests.ten_tables.writers import EACH

FEW = ("0007", "0018")  # a fill with a foreign key; an UPDATE with a check
SOME = ("0005", "0010", "0020", "0024")
WRITTEN = 20 * EACH  # by each version, or more
ROWS = 14_000


@pytest.fixture(scope="module", params=[18])
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    with a_server(request.param) as server:
        found = Ground(server=server, folder=tmp_path_factory.mktemp("velo"))
        found.prepare()
        yield found


def judged(ground: Ground, only: tuple[str, ...] = ()) -> list[Outcome]:
    """The outcomes; each has writes of both versions."""
    outcomes = list(history.run(ground, only))
    for outcome in outcomes:
        assert (outcome.name, outcome.failed, outcome.wrong) == (outcome.name, [], [])
        for side in ("old", "new"):
            counted = {kind: outcome.statements.get(f"{side} {kind}", 0) for kind in _KINDS}
            assert min(counted.values()) > 0, (outcome.name, counted)
            assert counted["INSERT"] + counted["UPDATE"] >= WRITTEN, (outcome.name, counted)
        assert outcome.operations, outcome.name
        assert outcome.rows >= ROWS, outcome.name
    return outcomes


_KINDS = ("INSERT", "UPDATE", "SELECT")


def test_two_releases_run_beside_both_versions(ground: Ground) -> None:
    assert [outcome.name for outcome in judged(ground, FEW)] == [*FEW]


@pytest.mark.more
@pytest.mark.parametrize("ground", [14], indirect=True)
def test_some_releases_run_beside_both_versions(ground: Ground) -> None:
    assert [outcome.name for outcome in judged(ground, SOME)] == [*SOME]


@pytest.mark.more
@pytest.mark.thorough
@pytest.mark.parametrize("ground", MAJORS, indirect=True)
def test_all_releases_run_beside_both_versions(ground: Ground) -> None:
    major = ground.server.major
    wanted = [release.name for release in releases.ALL if release.since <= major]

    assert [outcome.name for outcome in judged(ground)] == wanted


def test_the_releases_use_every_file_of_the_project() -> None:
    project = Path(__file__).parent / "project"
    files = {str(path.relative_to(project)) for path in project.rglob("*.sql")}
    files |= {str(p.relative_to(project)) for p in project.glob("migrations/versions/*.py")}
    used = {file for release in releases.ALL for file in release.files}
    used |= {refused.file for release in releases.ALL for refused in release.refused}

    assert used | {*releases.START} == files
