from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm
from tests.unit.serialize.test_snapshot_file import SHOP
from zdm.postgres.server import programs
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file

RENAME = "ALTER TABLE users RENAME email TO new_email;\n"
SCHEMA = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n"
OTHER = snapshot_file.dumps(SHOP)


@pytest.fixture
def project(database: str, zdm: Zdm, tmp_path: Path) -> Path:
    """A folder with a schema, its snapshot and a migration."""

    with connection.connect(database, name="tests") as opened:
        opened.execute(SCHEMA.encode())
    zdm("snapshot", "-o", "schema.json", "--database", database)
    (tmp_path / "other.json").write_text(OTHER)
    (tmp_path / "0007.sql").write_text(RENAME)
    return tmp_path


def test_a_plan_is_verified_before_it_is_written(zdm: Zdm, project: Path) -> None:
    answer = zdm("plan", "0007.sql", "--snapshot", "schema.json", "-o", "plan.yaml")
    again = zdm("verify", "plan.yaml", "--snapshot", "schema.json")

    assert (project / "plan.yaml").exists()
    assert (answer.code, again.code) == (0, 0), answer.err + again.err
    assert answer.err.startswith("verified on PostgreSQL ")
    assert answer.err.startswith(again.err)


@pytest.mark.usefixtures("project")
def test_another_schema_than_the_plans_is_refused(zdm: Zdm) -> None:
    zdm("plan", "--no-verify", "0007.sql", "--snapshot", "schema.json", "-o", "plan.yaml")
    answer = zdm("verify", "plan.yaml", "--snapshot", "other.json")

    assert (answer.code, answer.out) == (3, "")


@pytest.mark.usefixtures("project")
def test_without_a_schema_there_is_nothing_to_verify_on(zdm: Zdm) -> None:
    zdm("plan", "--no-verify", "0007.sql", "--snapshot", "schema.json", "-o", "plan.yaml")
    answer = zdm("verify", "plan.yaml")

    assert (answer.code, answer.out) == (2, "")


@pytest.mark.usefixtures("project")
def test_where_no_server_can_be_had_the_plan_says_that_it_is_not_verified(
    zdm: Zdm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Mapping[str, str]) -> tuple[programs.Programs, ...]:
        return ()

    monkeypatch.setattr(programs, "installed", none)
    answer = zdm("plan", "0007.sql", "--snapshot", "schema.json", "-o", "plan.yaml")

    assert answer.code == 0
    assert answer.err.startswith("not verified: no PostgreSQL server programs are on this")
