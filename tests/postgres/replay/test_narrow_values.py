"""Values that a wider column accepts from the contract on, as its plan says."""

from pathlib import Path

from tests.postgres.replay.test_data_proof import planned, proved
from zdm.model.plan import Phase, RunSql
from zdm.postgres.replay import kept_rows
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE jobs (id bigint PRIMARY KEY, status text NOT NULL);
CREATE TABLE events (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, job_id integer NOT NULL);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO events (job_id) VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER note AFTER UPDATE OF status ON jobs FOR EACH ROW EXECUTE FUNCTION note();
"""
MIGRATION = """
ALTER TABLE events ALTER COLUMN job_id TYPE bigint;
COMMENT ON TABLE jobs IS 'each with its events';
"""


def test_a_trigger_that_writes_them_fails_until_then(server: Server, tmp_path: Path) -> None:
    assert proved(server, tmp_path, BEFORE, MIGRATION).findings == ()


def test_only_the_end_of_the_narrow_column_allows_them(server: Server, tmp_path: Path) -> None:
    plan, _ = planned(server, tmp_path, BEFORE, MIGRATION)
    (end,) = (s for s in plan.steps if s.phase is Phase.CONTRACT and isinstance(s, RunSql))

    assert [s.id for s in plan.steps if kept_rows.widens(s)] == [end.id]
