"""A plan whose steps alter tables of other roles is refused before it begins."""

from tests.postgres.run.looking import opened, owned, planned, run_sql
from zdm.postgres.session import owners
from zdm.workflows import live_database

BEFORE = """
CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY);
"""


def test_tables_that_steps_alter_must_be_the_roles_own(database: str) -> None:
    url = owned(database)
    run_sql(url, BEFORE)
    key = planned(url, "ALTER TABLE a ADD FOREIGN KEY (n) REFERENCES b")
    rows = planned(url, "DELETE FROM b WHERE id = 1")
    with opened(url) as conn:
        before = owners.refusal(conn, key)
        run_sql(database, "ALTER TABLE b OWNER TO CURRENT_USER")
        referenced = owners.refusal(conn, key)
        run_sql(database, "ALTER TABLE a OWNER TO CURRENT_USER")
        refused = owners.refusal(conn, key)
        deleted = owners.refusal(conn, rows)

    assert (before, referenced, deleted) == (None, None, None)
    assert refused is not None
    assert refused.message.startswith("the role does not own public.a (of ")
    assert "public.b" not in refused.message
    (line,) = live_database.missing_rights(url, key)
    assert line.startswith("the role does not own public.a (of ")
    assert live_database.missing_rights(url, rows) == ()
