"""Row security that hides rows from an owner is named before a plan begins."""

import pytest

from tests.postgres.run.looking import opened, owned, planned, run_sql
from zdm.postgres.session import unseen_rows

BEFORE = """
CREATE SCHEMA app;
CREATE TABLE a (id int PRIMARY KEY, n int, of int);
CREATE TABLE b (id int PRIMARY KEY, n int);
CREATE TABLE app.c (id int PRIMARY KEY, n int);
INSERT INTO a SELECT g, g, g FROM generate_series(1, 50) AS g;
"""
# a migration, and the table under FORCE of which it needs rows
READS = {
    "DELETE by another table": (
        "DELETE FROM a WHERE EXISTS (SELECT FROM b WHERE b.id = 4)",
        "b",
    ),
    "DELETE of the table": ("DELETE FROM a WHERE id < 9", "a"),
    "UPDATE of some rows": ("UPDATE a SET n = 1 WHERE id IN (1, 2)", "a"),
    "UPDATE from another schema": (
        "SET search_path = app, public; UPDATE a SET n = (SELECT c.n FROM c WHERE c.id = a.id)"
        " WHERE id IN (1, 2)",
        "app.c",
    ),
    "INSERT": ("INSERT INTO a SELECT 99, 1, 1 WHERE NOT EXISTS (SELECT FROM b)", "b"),
    "CHECK": ("ALTER TABLE a ADD CHECK (n > 0)", "a"),
    "unique index": ("CREATE UNIQUE INDEX ON a (n)", "a"),
    "foreign key": ("ALTER TABLE a ADD FOREIGN KEY (of) REFERENCES b", "b"),
}
FORCED = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"


@pytest.fixture
def url(database: str) -> str:
    """A database of an owner without superuser."""
    found = owned(database)
    run_sql(found, BEFORE, "ANALYZE")
    return found


@pytest.mark.parametrize("kind", READS)
def test_hidden_rows_that_a_step_needs_are_named(url: str, kind: str) -> None:
    migration, table = READS[kind]
    plan = planned(url, migration)
    run_sql(url, FORCED.format(table))
    with opened(url) as conn:
        refused = unseen_rows.refusal(conn, plan)
        run_sql(url, f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        left = unseen_rows.refusal(conn, plan)

    assert refused is not None
    assert f"{table} from zdm's role" in refused.message
    assert "NO FORCE ROW LEVEL SECURITY" in refused.hint
    assert left is None


def test_hidden_rows_that_no_step_needs_are_no_matter(url: str) -> None:
    plan = planned(url, "ALTER TABLE a ADD COLUMN z int; UPDATE a SET n = 1 WHERE id IN (1, 2)")
    run_sql(url, FORCED.format("b"), FORCED.format("app.c"))
    with opened(url) as conn:
        refused = unseen_rows.refusal(conn, plan)

    assert refused is None
