"""A kind is read wherever there is one of it, whatever else the database lacks."""

import pytest

from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.session import connection


def read_after(url: str, sql: str) -> Snapshot:
    with connection.connect(url, name="tests") as own:
        own.execute(sql.encode())
        return read.read(own)


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("tables", "CREATE TABLE t ()"),
        ("tables", "CREATE TABLE t (n int) PARTITION BY LIST (n)"),
        ("types", "CREATE TYPE e AS ENUM ('a')"),
        ("types", "CREATE DOMAIN d AS int"),
        ("types", "CREATE TYPE r AS RANGE (SUBTYPE = int)"),
        ("types", "CREATE TYPE c AS (n int)"),
        ("sequences", "CREATE SEQUENCE s"),
        ("views", "CREATE VIEW v AS SELECT 1 AS n"),
        ("views", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS n"),
        ("functions", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        ("functions", "CREATE AGGREGATE a (int) (SFUNC = int4pl, STYPE = int)"),
        ("publications", "CREATE PUBLICATION p"),
        ("servers", "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w"),
    ],
)
def test_the_only_object_of_a_database_is_read(database: str, kind: str, sql: str) -> None:
    assert len(getattr(read_after(database, sql), kind)) == 1


def test_a_trigger_and_a_policy_are_read(database: str) -> None:
    (table,) = read_after(
        database,
        "CREATE TABLE t (n int); CREATE POLICY p ON t USING (true);"
        " CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ).tables

    assert (len(table.triggers), len(table.policies)) == (1, 1)
