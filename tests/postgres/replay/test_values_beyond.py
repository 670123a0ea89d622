"""Values of the author's that the former type of a column does not hold."""

from pathlib import Path

from tests.postgres.replay.test_data_proof import proved
from zdm.postgres.server.provider import Server

TABLE = "CREATE TABLE t (id int PRIMARY KEY, price numeric(8,2));"
MOVED = """
ALTER TABLE t ADD COLUMN cost numeric;
UPDATE t SET cost = price;
ALTER TABLE t DROP COLUMN price;
INSERT INTO t (id, cost) VALUES (900001, 1e20);
"""


def test_a_row_that_only_the_new_column_holds_is_in_sync(
    server: Server, tmp_path: Path
) -> None:
    assert proved(server, tmp_path, TABLE, MOVED).findings == ()
