"""The whole Alembic history of other people's projects, through record mode.

What was recorded is replayed, and must give the schema that `alembic upgrade heads` gives. Each
revision is classified by itself on the schema before it, as if it were the one pending: the
golden files say what zdm makes of every statement.
"""

import functools
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from tests.conftest import MAJORS, fresh_database, lasting
from tests.golden import Golden
from tests.histories import judged
from tests.histories.installed import PACKAGES, Package
from tests.histories.judged import Judged
from tests.postgres.schema import holding
from tests.revisions.projects import Databases
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.planning.classify import classify
from zdm.postgres.catalog import read as catalog
from zdm.postgres.catalog import rebuild
from zdm.postgres.server import shadow
from zdm.postgres.session import connection
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child, Project
from zdm.revisions.graph import History
from zdm.revisions.record import Below, RecordRequest
from zdm.serialize import snapshot_file

# recording takes as long as all tests of a package, so one worker of a parallel run does it
pytestmark = [pytest.mark.more, pytest.mark.xdist_group("histories")]
OFTEN = [package for package in PACKAGES if not package.rarely]
RARELY = [package for package in PACKAGES if package.rarely]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One project's history, recorded, and where its schema was replayed."""

    package: Package
    project: Project
    below: Below
    history: History
    train: Train
    start: Snapshot
    found: Judged  # what zdm makes of each statement
    replayed: Snapshot
    upgraded: Snapshot


@pytest.fixture(scope="module")
def recordings(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Package], Recorded]:
    """Each history once, in whatever order a parallel run asks for them."""
    return functools.cache(lambda package: recording(package, databases, tmp_path_factory))


@pytest.fixture(params=OFTEN, ids=[p.name for p in OFTEN])
def recorded(
    request: pytest.FixtureRequest, recordings: Callable[[Package], Recorded]
) -> Recorded:
    return recordings(request.param)


def recording(
    package: Package, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Recorded:
    """The history, recorded once."""
    package.install()
    folder = tmp_path_factory.mktemp(package.name)
    project = Project(
        ini=package.ini(folder), root=package.site, environ=os.environ, python=package.python
    )
    shadow, plain, replay = (databases.create(package.name) for _ in range(3))
    with Child(project) as child:
        history = graph.history(child)
        below = Below(history=history, heads=(), command=package.command)
        for dsn in (shadow, plain, replay):
            record.apply_below(child, dsn, below)
        wanted = RecordRequest(
            dsn=shadow, log_directory=databases.server.log_directory, history=history
        )
        train = record.record(child, wanted)
    upgrade(package, folder, plain)
    start = databases.snapshot(replay)
    found = judged.replay(databases, replay, revisions(train))
    return Recorded(
        package=package,
        project=project,
        below=below,
        history=history,
        train=train,
        start=start,
        found=found,
        replayed=databases.snapshot(replay),
        upgraded=databases.snapshot(plain),
    )


def upgrade(package: Package, folder: Path, dsn: str) -> None:
    """What the project's own Alembic does."""
    url = dsn.replace("postgresql://", "postgresql+psycopg://")
    command = [package.python, "-m", "alembic", "-c", str(package.ini(folder, url))]
    subprocess.run([*command, "upgrade", "heads"], check=True, capture_output=True, cwd=folder)


def revisions(train: Train) -> Iterator[Train]:
    """Each revision by itself."""
    for revision, group in groupby(train.statements, key=lambda s: s.source.revision):
        files = tuple(file for file in train.files if file.revision == revision)
        yield Train(statements=tuple(group), files=files)


def test_every_revision_is_recorded(recorded: Recorded) -> None:
    assert sorted(file.revision for file in recorded.train.files) == sorted(
        revision.id for revision in recorded.history.revisions
    )
    assert recorded.train.stamp is not None
    assert recorded.train.stamp.to_heads == recorded.history.heads


def test_every_statement_has_its_place_in_a_revision(recorded: Recorded) -> None:
    files = {revision.file: revision.id for revision in recorded.history.revisions}

    for statement in recorded.train.statements:
        assert files[statement.source.file] == statement.source.revision
        text = (recorded.package.site / statement.source.file).read_text().splitlines()
        assert text[statement.source.line - 1][statement.source.column - 1 :].strip()


def test_replaying_the_record_gives_the_schema_of_alembic_upgrade(recorded: Recorded) -> None:
    assert snapshot_file.difference(recorded.upgraded, recorded.replayed) == ()


def test_its_schema_is_made_again(recorded: Recorded, databases: Databases) -> None:
    wanted = recorded.upgraded
    with shadow.database(databases.server) as url:
        rebuild.rebuild(url, wanted, shadow.administration(databases.server, url))
        with connection.connect(url, name="test") as conn:
            made = rebuild.found(conn, wanted)

    assert made.left_out == ()


def test_every_statement_is_planned_or_refused_with_its_reason(
    recorded: Recorded, golden: Golden
) -> None:
    as_its_file_says(recorded, golden)


@pytest.mark.thorough
@pytest.mark.parametrize("package", RARELY, ids=[p.name for p in RARELY])
def test_every_statement_of_a_long_history_is_planned_or_refused_with_its_reason(
    package: Package,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    golden: Golden,
) -> None:
    found = recording(package, databases, tmp_path_factory)

    assert snapshot_file.difference(found.upgraded, found.replayed) == ()
    as_its_file_says(found, golden)


def as_its_file_says(recorded: Recorded, golden: Golden) -> None:
    """Hold what was found against the golden file."""
    name = f"{recorded.package.name} {recorded.package.version}"
    heading = (
        f"{name}: {len(recorded.train.files)} revisions,"
        f" {len(recorded.train.statements)} statements"
    )
    notes = [f"note: {source}: {note}" for source, note in recorded.train.notes]

    golden.check(
        Path(__file__).with_name(f"{recorded.package.name}.txt"),
        judged.golden(heading, recorded.found, notes),
    )


def test_as_one_train_nothing_is_refused_because_of_an_earlier_refusal(
    recorded: Recorded,
) -> None:
    found = classify(recorded.train, recorded.start)

    assert found.placed
    assert [f for f in found.findings if f.slug.startswith("unknown_")] == []
    assert [f for f in found.findings if f.slug.endswith("_exists")] == []


LONGEST = "mlflow-skinny"  # with `make thorough`; its statements are judged in CI
HELD = [
    pytest.param(
        package,
        major,
        marks=pytest.mark.thorough if package.name == LONGEST else (),
        id=f"{package.name}-{major}",
    )
    for package in OFTEN
    for major in (MAJORS[0], MAJORS[-1])
]


@pytest.mark.parametrize(("recorded", "major"), HELD, indirect=["recorded"])
def test_every_statement_leaves_what_apply_says(
    recorded: Recorded, major: int, golden: Golden
) -> None:
    with fresh_database(lasting(major)) as url:
        with Child(recorded.project) as child:
            record.apply_below(child, url, recorded.below)
        with holding.reading(url) as conn:
            start = catalog.read(conn)
            tally = holding.train(conn, start, recorded.train.statements, anew=True)

    assert tally.differences == []
    golden.check(f"apply/{recorded.package.name}-{major}.txt", f"{tally}\n")
