"""Triggers and functions that a train changes treat writes otherwise from then on. That is no
difference between the plan and the migration; a write that they refuse is one."""

import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.writing import planned, run
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server

T = """
CREATE TABLE t (id bigint PRIMARY KEY, name text, note text);
INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 5) AS g;
CREATE TABLE log (id bigserial PRIMARY KEY, of bigint);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO public.log (of) VALUES (NEW.id); RETURN NULL; END';
CREATE FUNCTION marked() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.note := ''m'' || NEW.id; RETURN NEW; END';
CREATE FUNCTION divided() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM 1 / (NEW.id - NEW.id); RETURN NEW; END';
"""
LOGS = "CREATE TRIGGER logs AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION logged();"
MARKS = "CREATE TRIGGER marks BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION marked();"
DIVIDES = "CREATE TRIGGER divides BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION divided();"
REPLACED = """
CREATE OR REPLACE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO public.log (of) VALUES (NEW.id % 7); RETURN NULL; END';
ALTER TABLE t ADD COLUMN more text;
"""


def made(server: Server, before: str, migration: str) -> tuple[Plan, Snapshot]:
    with fresh_database(server) as url:
        run(url, T + before)
        return planned(url, migration), cases.read(url)


@pytest.mark.parametrize(
    ("before", "migration", "side"),
    [
        pytest.param("", LOGS, "old version after", id="adds_rows"),
        pytest.param("", MARKS, "old version after", id="changes_the_row"),
        pytest.param(LOGS, REPLACED, "old version after", id="calls_another_body"),
        pytest.param(LOGS, "DROP TRIGGER logs ON t;", "new version before", id="dropped"),
        pytest.param(
            LOGS, "ALTER TABLE t DISABLE TRIGGER logs;", "new version before", id="disabled"
        ),
    ],
)
def test_writes_that_a_changed_trigger_treats_otherwise_are_left_out_by_name(
    server: Server, before: str, migration: str, side: str
) -> None:
    found = replay.replay(*made(server, before, migration), server)

    assert found.findings == ()
    assert any(f"writes of the {side} the step" in note for note in found.notes)


def test_a_trigger_that_turns_out_to_refuse_the_old_version_s_rows_is_found(
    server: Server,
) -> None:
    found = replay.replay(*made(server, "", DIVIDES), server)

    assert {one.slug for one in found.findings} == {"write_fails"}


def test_rows_that_were_only_tried_take_no_numbers(server: Server) -> None:
    found = replay.replay(*made(server, LOGS, "ALTER TABLE t ADD COLUMN more text;"), server)

    assert found.findings == ()
