"""Rows that a check of zdm's must not count: those that only a new column holds, and those of
tables that inherit; and statistics that are there early."""

from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.postgres.replay.test_data_proof import planned, proved
from zdm.model.plan import RunSql
from zdm.postgres.replay import observation, step
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

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


PARENT = "CREATE TABLE t (id int PRIMARY KEY, code int); CREATE TABLE more () INHERITS (t);"
REPEATED = "INSERT INTO t VALUES (1, 1); INSERT INTO more VALUES (1, 1);"


def test_rows_of_children_are_no_duplicates_of_a_unique_index(
    server: Server, tmp_path: Path
) -> None:
    plan, _ = planned(
        server, tmp_path, PARENT + REPEATED, "CREATE UNIQUE INDEX ix ON t (id, code);"
    )

    (build, *_) = plan.steps
    assert isinstance(build, RunSql)
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute((PARENT + REPEATED).encode())
        assert conn.execute(build.preconditions[0].sql.encode()).fetchone() == (True,)
        conn.execute(b"INSERT INTO t VALUES (2, 1)")
        conn.execute(build.sql[0].encode())


@pytest.mark.parametrize("autovacuum", ["on", "off"])
def test_statistics_may_be_there_where_the_server_gathers_them_by_itself(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autovacuum: str
) -> None:
    plan, _ = planned(server, tmp_path, TABLE, MOVED)
    (analyze,) = (s for s in plan.steps if isinstance(s, RunSql) and "ANALYZE" in s.sql[0])
    monkeypatch.setattr(observation, "_AUTOVACUUM", f"SELECT '{autovacuum}'".encode())
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute(b"CREATE TABLE t (id int, cost numeric); INSERT INTO t VALUES (1, 1)")
        conn.execute(b"ANALYZE t")
        here = step.Shadow(conn=conn, other=None, used=frozenset())
        found = list(step.run(here, analyze))

    assert [one.slug for one in found] == ([] if autovacuum == "on" else ["probe_wrong"])
