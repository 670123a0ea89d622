"""From PostgreSQL 18 on a NOT NULL is a constraint with a name, which may be NO INHERIT or NOT
VALID: what the plain migration keeps of it, the plan keeps, and an undo brings it back."""

from pathlib import Path

import pytest

from tests import case as cases
from tests import tried
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import is_undone_and_runs
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server

NAMED_FROM = 18
WORLDS = {
    "renamed, NO INHERIT": (
        "CREATE TABLE t (id int PRIMARY KEY, a text CONSTRAINT mine NOT NULL NO INHERIT);"
        "INSERT INTO t VALUES (1, 'x');",
        "ALTER TABLE t RENAME COLUMN a TO n;",
    ),
    "renamed, NOT VALID over a NULL": (
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, NULL), (2, 'x');"
        "ALTER TABLE t ADD CONSTRAINT mine NOT NULL a NOT VALID;",
        "ALTER TABLE t RENAME COLUMN a TO n;",
    ),
    "dropped, with a name": (
        "CREATE TABLE t (id int PRIMARY KEY, a text CONSTRAINT mine NOT NULL);",
        "ALTER TABLE t DROP COLUMN a;",
    ),
    "dropped, with everything": (
        "CREATE TABLE t (id int PRIMARY KEY, b int,"
        " a text CONSTRAINT mine NOT NULL NO INHERIT);"
        "COMMENT ON CONSTRAINT mine ON t IS 'why';"
        "ALTER TABLE t ADD CONSTRAINT other NOT NULL b NOT VALID;",
        "ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN b;",
    ),
    "validated": (
        "CREATE TABLE t (id int PRIMARY KEY, a text);"
        "ALTER TABLE t ADD CONSTRAINT mine NOT NULL a NOT VALID;",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
    ),
    "filled and validated": (
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, NULL), (2, 'x');"
        "ALTER TABLE t ADD CONSTRAINT mine NOT NULL a NOT VALID;",
        "UPDATE t SET a = 'q' WHERE a IS NULL; ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
    ),
    "added, NO INHERIT": (
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid()"
        " CONSTRAINT mine NOT NULL NO INHERIT;",
    ),
}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    before, migration = WORLDS[request.param]
    (tmp_path / "before.sql").write_text(before)
    (tmp_path / "migration.sql").write_text(migration)
    return tmp_path


@pytest.fixture(scope="module")
def named(server: Server) -> Server:
    if server.major < NAMED_FROM:
        pytest.skip(f"NOT NULL has no name before PostgreSQL {NAMED_FROM}")
    return server


def test_what_a_not_null_is_like_is_kept(named: Server, world: Path) -> None:
    with fresh_database(named) as url:
        start = cases.prepare(url, world)
    found = replay.replay(cases.plan(world, start), start, named)

    assert found.findings == ()


def test_it_is_undone_and_runs(named: Server, world: Path) -> None:
    with tried.shared(named) as shared:
        expected = cases.apply_plainly(shared, world)
    is_undone_and_runs(named, world, expected)
