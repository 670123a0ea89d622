"""Whole histories of SQL files of other people's projects: each file by itself on the schema
before it, as if it were the one pending. The golden files say what zdm makes of every file."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.golden import Golden
from tests.histories import judged
from tests.histories.judged import Judged
from tests.histories.sql_files import SQL_PACKAGES, SqlPackage
from tests.revisions.projects import Databases
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.postgres.catalog import rebuild
from zdm.postgres.server import shadow
from zdm.postgres.session import connection

pytestmark = [
    pytest.mark.more,
    pytest.mark.thorough,
    pytest.mark.xdist_group("histories of SQL files"),
]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One project's files, and the schema that they leave."""

    package: SqlPackage
    migrations: tuple[Train, ...]
    found: Judged
    end: Snapshot


@pytest.fixture(scope="module", params=SQL_PACKAGES, ids=[p.name for p in SQL_PACKAGES])
def replayed(request: pytest.FixtureRequest, databases: Databases) -> Replayed:
    package: SqlPackage = request.param
    package.install()
    dsn = databases.create(package.name)
    if package.before:
        databases.run(dsn, package.before)
    migrations = tuple(package.migrations())
    return Replayed(
        package=package,
        migrations=migrations,
        found=judged.replay(databases, dsn, migrations),
        end=databases.snapshot(dsn),
    )


def test_every_file_is_planned_or_refused_with_its_reason(
    replayed: Replayed, golden: Golden
) -> None:
    package = replayed.package
    statements = sum(len(train.statements) for train in replayed.migrations)
    heading = (
        f"{package.name} {package.version}: {len(replayed.migrations)} files,"
        f" {statements} statements"
    )

    golden.check(
        Path(__file__).with_name(f"{package.name}.txt"), judged.golden(heading, replayed.found)
    )


def test_its_schema_is_made_again(replayed: Replayed, databases: Databases) -> None:
    with shadow.database(databases.server) as url:
        rebuild.rebuild(url, replayed.end, shadow.administration(databases.server, url))
        with connection.connect(url, name="test") as conn:
            made = rebuild.found(conn, replayed.end)

    assert made.left_out == ()
