"""Rows that a plan leaves are compared with those of the plain migration."""

import re
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from zdm.model.findings import Finding
from zdm.planning import conflicts, fills, walk
from zdm.postgres.catalog import read
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.workflows import plan_revisions
from zdm.workflows.plan_revisions import PlanRequest, Sources

DOC = "CREATE TABLE doc (id bigint PRIMARY KEY, status text NOT NULL, former text)"
ORDER = {
    "chained updates": (
        DOC,
        "UPDATE doc SET status = 'archived' WHERE status = 'deleted';"
        "UPDATE doc SET status = 'deleted' WHERE status = 'hidden';",
    ),
    "copy, then overwrite": (
        DOC,
        "UPDATE doc SET former = status; UPDATE doc SET status = 'review';",
    ),
    "a dropped column decides": (
        "CREATE TABLE application (id bigint PRIMARY KEY, name text, accepted boolean)",
        "ALTER TABLE application ADD COLUMN state text NOT NULL DEFAULT 'new';"
        "UPDATE application SET state = 'accepted' WHERE accepted = true;"
        "UPDATE application SET state = 'refused' WHERE accepted = false;"
        "ALTER TABLE application DROP COLUMN accepted;",
    ),
    "a filled column's source is widened": (
        "CREATE TABLE t (id int PRIMARY KEY, c varchar(20))",
        "ALTER TABLE t ADD COLUMN d2 text; UPDATE t SET d2 = upper(c);"
        "ALTER TABLE t ALTER COLUMN c TYPE text;",
    ),
}


def none(*_: object) -> tuple[Finding, ...]:
    return ()


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner's own refusals of an order are off."""
    monkeypatch.setattr(conflicts, "CHECKS", ())
    monkeypatch.setattr(fills, "CHECKS", ())
    monkeypatch.setattr(walk, "conflicts", none)


def proved(server: Server, tmp_path: Path, before: str, migration: str) -> Verification:
    file = tmp_path / "m.sql"
    file.write_text(migration)
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute(before.encode())
        start = read.read(conn)
    planned = plan_revisions.run(
        PlanRequest(root=tmp_path, targets=(str(file),), snapshot=start),
        Sources(live=None, record=None),
    )
    return replay.replay(planned.plan, start, server)


@pytest.mark.parametrize("train", ORDER.values(), ids=ORDER)
@pytest.mark.usefixtures("unchecked")
def test_a_lost_order_of_statements_is_found(
    server: Server, tmp_path: Path, train: tuple[str, str]
) -> None:
    found = proved(server, tmp_path, *train)

    assert found.findings


@pytest.mark.usefixtures("unchecked")
def test_the_message_names_table_key_column_and_both_values(
    server: Server, tmp_path: Path
) -> None:
    (found,) = proved(server, tmp_path, *ORDER["chained updates"]).findings

    assert found.slug == "rows_differ"
    assert re.fullmatch(
        r"the rows of doc differ: in the row \(id = '-?\d+'\), status is '\w+' after the plain"
        r" migration and '\w+' after the plan",
        found.message,
    )


@pytest.mark.usefixtures("unchecked")
def test_a_write_of_the_old_version_that_gets_lost_is_found(
    server: Server, tmp_path: Path
) -> None:
    (found,) = proved(server, tmp_path, *ORDER["a dropped column decides"]).findings

    assert "the rows of application differ when both versions write" in found.message


def test_what_was_compared_is_counted(server: Server, tmp_path: Path) -> None:
    found = proved(server, tmp_path, DOC, "ALTER TABLE doc RENAME COLUMN former TO earlier")

    assert found.findings == ()
    assert found.compared.tables == 1
    assert found.compared.rows > 200
    assert found.compared.writes > 20


def test_a_column_that_the_migration_fills_at_random_is_named_and_not_compared(
    server: Server, tmp_path: Path
) -> None:
    migration = "ALTER TABLE doc ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()"
    found = proved(server, tmp_path, DOC, migration)

    assert found.findings == ()
    assert any("doc.token" in note for note in found.notes)


def test_rows_on_which_the_migration_itself_fails_give_way_to_plainer_ones(
    server: Server, tmp_path: Path
) -> None:
    found = proved(server, tmp_path, DOC, "ALTER TABLE doc ALTER COLUMN former SET NOT NULL")

    assert found.findings == ()
    assert found.compared.rows > 200
    assert any(
        "the rows compared have only edge values and duplicates" in n for n in found.notes
    )
