"""What is read of views."""

from tests.postgres.catalog.test_absent import read_after

BEFORE = """
CREATE TABLE users (id int);
INSERT INTO users SELECT generate_series(1, 300);
CREATE VIEW seen AS SELECT id FROM users;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM users;
CREATE MATERIALIZED VIEW not_filled AS SELECT id FROM users WITH NO DATA;
ANALYZE kept;
"""


def test_the_rows_of_a_materialized_view_are_counted(every_database: str) -> None:
    found = {view.name.name: view.rows for view in read_after(every_database, BEFORE).views}

    assert found == {"kept": 300, "not_filled": None, "seen": None}
