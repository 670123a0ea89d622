"""REVOKE from a role that no list names: of an owner it takes what the owner has."""

import pytest
from psycopg import connect

from tests import case as cases
from tests.postgres.cases import writing
from zdm.errors import StoppedError
from zdm.model.release import RunState

BEFORE = """
DO $$ BEGIN
  CREATE ROLE case_owner; EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
CREATE TABLE users (id int PRIMARY KEY);
"""


@pytest.mark.parametrize("more", ["", "GRANT SELECT ON users TO case_owner;"])
@pytest.mark.parametrize("owns", [True, False])
def test_it_stops_where_the_role_is_the_owner(
    every_database: str, more: str, *, owns: bool
) -> None:
    writing.run(every_database, BEFORE)
    if owns:
        writing.run(every_database, "ALTER TABLE users OWNER TO case_owner")
    plan = writing.planned(every_database, f"REVOKE ALL ON users FROM case_owner; {more}")

    if not owns:
        assert cases.run(every_database, plan) is RunState.CONTRACTED
        return
    with pytest.raises(StoppedError, match="case_owner owns users"):
        cases.run(every_database, plan)

    with connect(every_database) as own:
        asked = "SELECT has_table_privilege('case_owner', 'users', 'INSERT')"
        assert own.execute(asked).fetchone() == (True,)
