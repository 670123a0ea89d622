"""OWNER TO, run by a role that is no superuser: where somebody would lose a right, nothing
runs, or nothing behind which there is no way back; and what the hint says helps."""

import re

import pytest
from psycopg import connect
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from tests import case as cases
from tests.postgres.cases import writing
from zdm.errors import RefusedError, StoppedError, ZdmError
from zdm.model.diagnosis import Verdict
from zdm.model.release import RunState
from zdm.postgres.doctor import checks, rights
from zdm.workflows import live_database

ROLES = """
DO $$ DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['case_from', 'case_to', 'case_reader', 'case_runs'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I', name);
    END IF;
  END LOOP;
END $$;
ALTER ROLE case_runs LOGIN PASSWORD 'runs';
REVOKE case_from FROM case_runs; REVOKE case_to FROM case_runs; REVOKE case_to FROM case_from;
GRANT case_from TO case_runs;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO case_from;
SET ROLE case_from;
CREATE TABLE users (id serial PRIMARY KEY, email text);
CREATE FUNCTION plus(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + 1';
REVOKE EXECUTE ON FUNCTION plus FROM PUBLIC;
CREATE INDEX ON users (plus(id));
CREATE TABLE notes (more int, id int REFERENCES users (id) ON DELETE CASCADE);
CREATE VIEW mails AS SELECT email FROM users;
GRANT SELECT ON users, mails TO case_reader;
RESET ROLE;
"""
TABLE, VIEW = "ALTER TABLE users OWNER TO case_to", "ALTER VIEW mails OWNER TO case_to"
RUNNER = "GRANT case_to TO case_runs;"
FORMER = "GRANT case_to TO case_from;"
PLACE = "GRANT USAGE, CREATE ON SCHEMA public TO case_to;"
CALLS = "GRANT EXECUTE ON FUNCTION plus TO case_to;"
ALL = (RUNNER, FORMER, PLACE, CALLS)
MORE = "SELECT 1 FROM pg_attribute WHERE attname = 'more'"


@pytest.mark.parametrize(
    ("statement", "missing", "error", "said"),
    [
        (TABLE, FORMER + RUNNER, RefusedError, "that runs this plan is no member of it"),
        (TABLE, FORMER, RefusedError, "the owner of table users is no member of case_to"),
        (TABLE, PLACE, RefusedError, "case_to has not USAGE and CREATE on schema public"),
        (TABLE, CALLS, StoppedError, "case_to may not call a function that an index of"),
        (
            VIEW,
            "GRANT SELECT, UPDATE, INSERT, DELETE ON users TO case_to;",
            StoppedError,
            "reads as its owner",
        ),
    ],
)
def test_it_stops_before_a_right_is_lost(
    every_database: str, statement: str, missing: str, error: type[ZdmError], said: str
) -> None:
    writing.run(every_database, ROLES + "".join(one for one in ALL if one not in missing))
    url = _as_runner(every_database)
    plan = writing.planned(url, f"ALTER TABLE notes DROP COLUMN more; {statement}")

    with pytest.raises(error, match=re.escape(said)):
        cases.run(url, plan)
    assert _owners(every_database) == {"case_from"}
    assert writing.rows(every_database, MORE)

    writing.run(every_database, missing)

    assert cases.run(url, plan) is RunState.CONTRACTED


def test_what_is_revoked_during_the_run_stops_it_before_the_contract(database: str) -> None:
    writing.run(database, ROLES + "".join(ALL))
    url = _as_runner(database)
    plan = writing.planned(url, f"ALTER TABLE notes DROP COLUMN more; {TABLE}")
    assert cases.run(url, plan, until=RunState.DEPLOYED) is RunState.DEPLOYED

    writing.run(database, "REVOKE case_to FROM case_from")
    with pytest.raises(RefusedError, match="the owner of table users is no member of case_to"):
        cases.run(url, plan)

    assert writing.rows(database, MORE)


def test_what_the_same_train_grants_is_not_missing(database: str) -> None:
    writing.run(database, ROLES + RUNNER + FORMER + CALLS)
    writing.run(database, "ALTER SCHEMA public OWNER TO case_runs")
    url = _as_runner(database)
    plan = writing.planned(url, f"{PLACE} {TABLE}")

    assert live_database.missing_rights(url, plan) == ()
    assert cases.run(url, plan) is RunState.CONTRACTED


def test_plan_and_doctor_say_what_a_run_would_be_refused_for(database: str) -> None:
    writing.run(database, ROLES + RUNNER + PLACE + CALLS)
    url = _as_runner(database)
    plan = writing.planned(url, TABLE)
    (line,) = live_database.missing_rights(url, plan)
    (found,) = (one for one in checks.examine(url, plan) if one.name == rights.LATER)

    assert "the owner of table users is no member of case_to" in line
    assert (found.verdict, found.remedy[:13]) == (Verdict.FAILED, "GRANT case_to")

    writing.run(database, FORMER)

    assert live_database.missing_rights(url, plan) == ()
    (found,) = (one for one in checks.examine(url, plan) if one.name == rights.LATER)
    assert found.verdict is Verdict.OK


def test_who_had_rights_keeps_them(every_database: str) -> None:
    writing.run(every_database, ROLES + "".join(ALL))
    url = _as_runner(every_database)

    assert cases.run(url, writing.planned(url, f"{TABLE}; {VIEW};")) is RunState.CONTRACTED
    assert _owners(every_database) == {"case_to"}
    with connect(every_database, autocommit=True) as own:
        own.execute("SET ROLE case_from")
        for statement in (
            "INSERT INTO users (email) VALUES ('a')",
            "INSERT INTO notes SELECT id FROM users",
            "UPDATE mails SET email = 'b'",
            "DELETE FROM users",
        ):
            own.execute(statement.encode())
        own.execute("SET ROLE case_reader")
        own.execute("SELECT FROM users, mails")


def _as_runner(url: str) -> str:
    with connect(url, autocommit=True) as own:
        name = Identifier(own.info.dbname)
        own.execute(SQL("GRANT CREATE ON DATABASE {} TO case_runs").format(name))
    return make_conninfo(url, user="case_runs", password="runs")


def _owners(url: str) -> set[object]:
    query = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('users', 'mails')"
    return {row[0] for row in writing.rows(url, query)}
