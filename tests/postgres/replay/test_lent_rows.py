"""INSERTs on a shadow without production's rows: what they refer to is made, or it is said."""

from pathlib import Path

import pytest

from tests import case as cases
from tests.conftest import fresh_database
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server.provider import Server

PARENT = "CREATE TABLE p (id int PRIMARY KEY, code text NOT NULL);"
CHILD = "CREATE TABLE ch (id int PRIMARY KEY, pid int NOT NULL REFERENCES p);"
UNLIKELY = "CREATE TABLE p (id int PRIMARY KEY CHECK (md5(id::text) LIKE '0000%'));"
RAISES = """
CREATE FUNCTION known() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM p WHERE code = 'k') THEN RAISE 'no such code'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER known BEFORE INSERT ON ch FOR EACH ROW EXECUTE FUNCTION known();
"""


def verified(server: Server, folder: Path, before: str, migration: str) -> Verification:
    (folder / "before.sql").write_text(before)
    (folder / "migration.sql").write_text(migration)
    with fresh_database(server) as url:
        start = cases.prepare(url, folder)
    return replay.replay(cases.plan(folder, start), start, server)


def test_a_row_that_only_production_has_is_made_and_said(
    server: Server, tmp_path: Path
) -> None:
    found = verified(server, tmp_path, PARENT + CHILD, "INSERT INTO ch VALUES (1, 77);")

    assert found.findings == ()
    assert found.notes == (
        "the migration refers to rows that only production has; for the verification these were"
        " made, and their tables were not compared: p (id = 77)",
    )
    assert found.steps == 2


@pytest.mark.parametrize(
    "migration",
    [
        "BEGIN; CREATE TABLE n (id serial PRIMARY KEY,"
        " pid int REFERENCES p DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO n (pid) VALUES (5), (6); COMMIT;",
        "CREATE TABLE n (id int PRIMARY KEY, pid int REFERENCES p);"
        "INSERT INTO n VALUES (1, 5); INSERT INTO n VALUES (2, 6);",
    ],
)
def test_rows_of_a_table_of_the_train_refer_to_made_ones(
    server: Server, tmp_path: Path, migration: str
) -> None:
    found = verified(server, tmp_path, PARENT, migration)

    assert found.findings == ()
    assert found.notes[-1].endswith("p (id = 5), p (id = 6)")


def test_an_insert_whose_parent_cannot_be_made_is_left_out_and_said(
    server: Server, tmp_path: Path
) -> None:
    migration = "ALTER TABLE ch ADD COLUMN c int; INSERT INTO ch VALUES (1, 77);"
    found = verified(server, tmp_path, UNLIKELY + CHILD, migration)

    assert found.findings == ()
    assert found.steps == 2
    assert found.notes[0].startswith(
        "migration.sql:1:34: this INSERT was not tried: it refers to a row that only production"
        " has, p (id = 77), and zdm cannot make such a row: new row for relation"
    )
    assert any(
        note.startswith("p stayed empty, because no sample row fits") for note in found.notes
    )


def test_an_insert_that_a_trigger_refuses_without_rows_is_left_out_and_said(
    server: Server, tmp_path: Path
) -> None:
    found = verified(server, tmp_path, PARENT + CHILD + RAISES, "INSERT INTO ch VALUES (1, 1);")

    assert found.findings == ()
    assert "not tried: without production's rows, it fails: no such code" in found.notes[0]


@pytest.mark.parametrize(
    ("migration", "message"),
    [
        (
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int REFERENCES a);"
            "INSERT INTO b VALUES (1);",
            "violates foreign key constraint",
        ),
        ("INSERT INTO p VALUES (1, 'a'), (1, 'b');", "duplicate key"),
        ("INSERT INTO p VALUES (1, NULL);", "null value in column"),
    ],
)
def test_an_insert_that_would_fail_in_production_is_a_finding(
    server: Server, tmp_path: Path, migration: str, message: str
) -> None:
    (found,) = verified(server, tmp_path, PARENT, migration).findings

    assert found.slug == "statement_fails"
    assert message in found.message
