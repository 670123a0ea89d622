"""OWNER TO, run by a role that is no superuser: it stops where somebody would lose a right, by
name and before it changes anything, and what the hint says helps."""

import re

import pytest
from psycopg import connect
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from tests import case as cases
from tests.postgres.cases import writing
from zdm.errors import StoppedError
from zdm.model.release import RunState

ROLES = """
DO $$ BEGIN
  CREATE ROLE case_from; CREATE ROLE case_to; CREATE ROLE case_reader;
  CREATE ROLE case_runs LOGIN PASSWORD 'runs';
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
REVOKE case_from FROM case_runs; REVOKE case_to FROM case_runs; REVOKE case_to FROM case_from;
GRANT case_from TO case_runs;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO case_from;
SET ROLE case_from;
CREATE TABLE users (id serial PRIMARY KEY, email text);
CREATE FUNCTION plus(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + 1';
REVOKE EXECUTE ON FUNCTION plus FROM PUBLIC;
CREATE INDEX ON users (plus(id));
CREATE TABLE notes (id int REFERENCES users (id) ON DELETE CASCADE);
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


@pytest.mark.parametrize(
    ("statement", "missing", "said"),
    [
        (TABLE, FORMER + RUNNER, "the role that runs this plan is no member of it"),
        (TABLE, FORMER, "the owner of table users is no member of case_to"),
        (TABLE, PLACE, "case_to has not USAGE and CREATE on schema public"),
        (TABLE, CALLS, "case_to may not call a function that an index of table users is on"),
        (
            VIEW,
            "GRANT SELECT, UPDATE, INSERT, DELETE ON users TO case_to;",
            "reads as its owner",
        ),
    ],
)
def test_it_stops_before_a_right_is_lost(
    every_database: str, statement: str, missing: str, said: str
) -> None:
    writing.run(every_database, ROLES + "".join(one for one in ALL if one not in missing))
    url = _as_runner(every_database)
    plan = writing.planned(url, statement)

    with pytest.raises(StoppedError, match=re.escape(said)):
        cases.run(url, plan)
    assert _owners(every_database) == {"case_from"}

    writing.run(every_database, missing)

    assert cases.run(url, plan) is RunState.CONTRACTED


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
