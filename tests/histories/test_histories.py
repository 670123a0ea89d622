"""The whole Alembic history of other people's projects, through record mode.

What was recorded is replayed, and must give the schema that `alembic upgrade heads` gives. Each
revision is classified by itself on the schema before it, as if it were the one pending: the
golden files say what zdm makes of every statement.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from tests.conftest import MAJORS, a_server, fresh_database
from tests.golden import Golden
from tests.histories.installed import PACKAGES, Package
from tests.postgres.schema import holding
from tests.revisions.projects import Databases
from zdm.model.schema import Snapshot
from zdm.model.statement import Statement, Train
from zdm.parse import facts
from zdm.planning.classify import Classification, classify
from zdm.postgres.catalog import read as catalog
from zdm.postgres.catalog import rebuild
from zdm.postgres.server import provider, shadow
from zdm.postgres.server.provider import Wanted
from zdm.postgres.session import connection
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child, Project
from zdm.revisions.graph import History
from zdm.revisions.record import Below, RecordRequest
from zdm.schema import type_names
from zdm.serialize import snapshot_file

# recording takes as long as all tests of a package, so one worker of a parallel run does it
pytestmark = [pytest.mark.more, pytest.mark.xdist_group("histories")]
EACH = pytest.mark.parametrize("package", PACKAGES, ids=[p.name for p in PACKAGES])


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One project's history, recorded, and where its schema was replayed."""

    package: Package
    project: Project
    below: Below
    history: History
    train: Train
    start: Snapshot
    reports: tuple[str, ...]  # of each statement, what zdm makes of it
    counts: Counter[str]
    replayed: Snapshot
    upgraded: Snapshot


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with provider.throwaway(Wanted()) as server:
        yield Databases(server=server)


@pytest.fixture(scope="module", params=PACKAGES, ids=[p.name for p in PACKAGES])
def recorded(
    request: pytest.FixtureRequest,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Recorded:
    package: Package = request.param
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
    reports, counts = replayed(databases, replay, train)
    return Recorded(
        package=package,
        project=project,
        below=below,
        history=history,
        train=train,
        start=start,
        reports=reports,
        counts=counts,
        replayed=databases.snapshot(replay),
        upgraded=databases.snapshot(plain),
    )


def upgrade(package: Package, folder: Path, dsn: str) -> None:
    """What the project's own Alembic does."""
    url = dsn.replace("postgresql://", "postgresql+psycopg://")
    command = [package.python, "-m", "alembic", "-c", str(package.ini(folder, url))]
    subprocess.run([*command, "upgrade", "heads"], check=True, capture_output=True, cwd=folder)


def replayed(
    databases: Databases, dsn: str, train: Train
) -> tuple[tuple[str, ...], Counter[str]]:
    """Replay what was recorded, and classify each revision on the schema before it."""
    reports: list[str] = []
    counts: Counter[str] = Counter()
    for revision, group in groupby(train.statements, key=lambda s: s.source.revision):
        statements = tuple(group)
        before = databases.snapshot(dsn)
        files = tuple(file for file in train.files if file.revision == revision)
        own = Train(statements=statements, files=files)
        found = classify(own, before)
        reports.extend(reported(found))
        counts.update(counted(found, own, before))
        run(databases, dsn, statements)
    return tuple(reports), counts


def run(databases: Databases, dsn: str, statements: tuple[Statement, ...]) -> None:
    for number, group in groupby(statements, key=lambda s: s.transaction):
        texts = [statement.sql for statement in group]
        if number is None:
            for text in texts:
                databases.run(dsn, text)
        else:
            databases.run(dsn, "BEGIN;" + ";\n".join(texts) + ";COMMIT")


def reported(found: Classification) -> Iterator[str]:
    """What is refused, with its place and reason."""
    for finding in found.refused:
        yield f"refused {finding.slug}: {finding.source}: {finding.message}"


def counted(found: Classification, train: Train, before: Snapshot) -> Counter[str]:
    """How many Actions each operation takes, how many are refused, how many do nothing."""
    actions = [
        action
        for statement in train.statements
        for action in facts.actions(statement, type_names.path(before, statement.settings))
    ]
    counts = Counter(
        f"operation {place.operation.slug}" for place in found.placed for _ in place.actions
    )
    refused = Counter(f"refused {finding.slug}" for finding in found.refused)
    left = len(actions) - counts.total() - refused.total()
    return counts + refused + Counter({"no part of a plan": left})


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
    name = f"{recorded.package.name} {recorded.package.version}"
    heading = (
        f"{name}: {len(recorded.train.files)} revisions,"
        f" {len(recorded.train.statements)} statements"
    )
    counts = [f"{count:5} {what}" for what, count in sorted(recorded.counts.items())]
    notes = [f"note: {source}: {note}" for source, note in recorded.train.notes]
    lines = [heading, *counts, "", *recorded.reports, *notes]

    golden.check(
        Path(__file__).with_name(f"{recorded.package.name}.txt"), "\n".join(lines) + "\n"
    )


def test_as_one_train_nothing_is_refused_because_of_an_earlier_refusal(
    recorded: Recorded,
) -> None:
    found = classify(recorded.train, recorded.start)

    assert found.placed
    assert [f for f in found.findings if f.slug.startswith("unknown_")] == []
    assert [f for f in found.findings if f.slug.endswith("_exists")] == []


@pytest.mark.parametrize("major", [MAJORS[0], MAJORS[-1]])
def test_every_statement_leaves_what_apply_says(
    recorded: Recorded, major: int, golden: Golden
) -> None:
    with a_server(major) as server, fresh_database(server) as url:
        with Child(recorded.project) as child:
            record.apply_below(child, url, recorded.below)
        with holding.reading(url) as conn:
            start = catalog.read(conn)
            tally = holding.train(conn, start, recorded.train.statements, anew=True)

    assert tally.differences == []
    golden.check(f"apply/{recorded.package.name}-{major}.txt", f"{tally}\n")
