"""Rows that were few by the statistics are counted again when their step begins."""

import psycopg
import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.rows.test_rows_in_the_way import planned, run
from zdm.errors import StoppedError
from zdm.model.plan import Plan, RunSql
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE s (id bigint PRIMARY KEY, k text);
CREATE TABLE t (id bigint PRIMARY KEY, k text, n int DEFAULT 0);
ALTER TABLE s SET (autovacuum_enabled = false);
ALTER TABLE t SET (autovacuum_enabled = false);
INSERT INTO s SELECT n, 'k' FROM generate_series(1, 10) AS n;
INSERT INTO t SELECT n, 'k' FROM generate_series(1, 10) AS n;
ANALYZE;
"""
MORE = "INSERT INTO {} (id, k) SELECT n, 'k' FROM generate_series(101, 10120) AS n;"
FEW = {
    "update": ("UPDATE t SET n = 1 WHERE k = 'k';", "t", "zdm rollback"),
    "update from": ("UPDATE t SET n = 1 FROM s WHERE s.k = t.k;", "s", "zdm rollback"),
    "insert": ("INSERT INTO t SELECT id + 1000000, k FROM s;", "s", "zdm rollback"),
    "delete": ("DELETE FROM t WHERE k = 'k';", "t", "in smaller transactions"),
    "delete using": (
        "DELETE FROM t AS a USING s WHERE s.k = a.k AND a.n = 0;",
        "t",
        "in smaller transactions",
    ),
}


def written(url: str) -> int:
    """How many rows the statements would have written or deleted."""
    sql = "SELECT count(*) FILTER (WHERE n = 0 AND id < 1000000) FROM t"
    with psycopg.connect(url) as conn:
        return int(conn.execute(sql.encode()).fetchall()[0][0])


def few(url: str, migration: str) -> Plan:
    run(url, BEFORE)
    plan = planned(url, migration)

    assert isinstance(plan.steps[-1 if "DELETE" in migration else 0], RunSql)

    return plan


@pytest.mark.parametrize(("migration", "grown", "way"), FEW.values(), ids=FEW)
def test_more_of_them_stop_the_step_before_it_writes(
    server: Server, migration: str, grown: str, way: str
) -> None:
    with fresh_database(server) as url:
        plan = few(url, migration)
        run(url, MORE.format(grown))
        before = written(url)
        for _ in range(2):  # a second attempt counts again
            with pytest.raises(StoppedError, match=r"more than 10,000 rows") as stopped:
                cases.run(url, plan)

            assert way in (stopped.value.hint or "")
            assert written(url) == before


@pytest.mark.parametrize("form", ["delete", "delete using"])
def test_rows_that_the_operator_has_deleted_are_few_again(server: Server, form: str) -> None:
    with fresh_database(server) as url:
        plan = few(url, FEW[form][0])
        run(url, MORE.format("t"))
        with pytest.raises(StoppedError):
            cases.run(url, plan)
        run(url, "DELETE FROM t WHERE id > 5000;")
        cases.run(url, plan)

        assert written(url) == 0


@pytest.mark.parametrize("form", FEW)
def test_few_rows_are_written(server: Server, form: str) -> None:
    with fresh_database(server) as url:
        plan = few(url, FEW[form][0])
        cases.run(url, plan)

        assert written(url) == (10 if form == "insert" else 0)


def test_rows_by_their_keys_are_not_counted(server: Server) -> None:
    with fresh_database(server) as url:
        plan = few(url, "UPDATE t SET n = 1 WHERE id IN (1, 2); DELETE FROM t WHERE id = 3;")
        run(url, MORE.format("t"))
        cases.run(url, plan)

        assert written(url) == 7 + 10_020


def test_statistics_of_fewer_pages_than_there_are_count_for_more_rows(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, BEFORE)
        run(url, "INSERT INTO t SELECT n, 'k' FROM generate_series(101, 150100) AS n;")
        table = cases.read(url).require_table(cases.read(url).tables[-1].name)

        assert table.name.name == "t"
        assert table.rows is not None
        assert table.rows > 5_000


def test_statistics_of_an_empty_table_that_has_rows_say_nothing(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, "CREATE TABLE t (id bigint); ANALYZE t; INSERT INTO t VALUES (1);")
        (table,) = cases.read(url).tables

        assert table.rows is None


def test_a_copy_into_a_new_table_is_counted_too(server: Server) -> None:
    migration = "CREATE TABLE c (id bigint, k text); INSERT INTO c SELECT id, k FROM s;"
    with fresh_database(server) as url:
        run(url, BEFORE)
        plan = planned(url, migration)
        run(url, MORE.format("s"))

        with pytest.raises(StoppedError, match=r"s has more than 10,000 rows"):
            cases.run(url, plan)
