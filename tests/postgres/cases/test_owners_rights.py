"""GRANT to the role that owns the object, taken back."""

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.postgres.cases.writing import planned, run
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE doc (id int PRIMARY KEY);
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
# whether the access lists are as those of new objects
AS_NEW = """
SELECT (SELECT coalesce(c.relacl, acldefault('r', c.relowner)) = acldefault('r', c.relowner)
        FROM pg_class AS c WHERE c.relname = 'doc'),
       (SELECT coalesce(p.proacl, acldefault('f', p.proowner)) = acldefault('f', p.proowner)
        FROM pg_proc AS p WHERE p.proname = 'one')
"""


@pytest.mark.parametrize("rights", ["ALL", "SELECT, INSERT"])
def test_an_owner_keeps_what_it_has_by_itself(server: Server, rights: str) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        with psycopg.connect(url) as conn:
            (owner,) = conn.execute("SELECT quote_ident(current_user)").fetchall()[0]
        plan = planned(
            url,
            f"GRANT {rights} ON doc TO {owner}; GRANT EXECUTE ON FUNCTION one() TO {owner};",
        )
        cases.run(url, plan, until=RunState.BACKFILLED)
        revert(url, plan)

        with psycopg.connect(url) as conn:
            (found,) = conn.execute(AS_NEW).fetchall()

        assert found == (True, True)
