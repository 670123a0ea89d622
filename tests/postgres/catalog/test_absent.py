"""A kind is read wherever there is one of it, whatever else the database lacks."""

import pytest

from zdm.model.schema import Name, Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.session import connection

PARSER = (
    "START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype"
)


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
        ("others", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)"),
        ("others", "CREATE DOMAIN d AS int; CREATE CAST (d AS date) WITH INOUT"),
        ("others", "CREATE COLLATION c (lc_collate = 'C', lc_ctype = 'C')"),
        ("others", "CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"),
        ("others", "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)"),
        ("others", "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default)"),
        ("others", f"CREATE TEXT SEARCH PARSER p ({PARSER})"),
        ("others", "CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize)"),
        ("others", "CREATE ACCESS METHOD a TYPE TABLE HANDLER heap_tableam_handler"),
        ("others", "CREATE OPERATOR FAMILY f USING btree"),
        ("others", "CREATE FOREIGN DATA WRAPPER w"),
        ("others", "CREATE LANGUAGE l HANDLER plpgsql_call_handler"),
        ("others", "CREATE TYPE t"),
        ("rights", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
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


def test_what_the_last_analyze_found_is_read(database: str) -> None:
    (table,) = read_after(
        database,
        "CREATE TABLE t (n int, m int);"
        " INSERT INTO t VALUES (1, NULL), (2, NULL), (3, NULL), (4, 4); ANALYZE t (m)",
    ).tables

    assert [(c.null_fraction, c.average_width) for c in table.columns] == [
        (None, None),
        (0.75, 4),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT n FROM t",
        "CREATE TABLE r (n int REFERENCES t)",
        "ALTER TABLE t ADD m int GENERATED ALWAYS AS (n + 1) STORED",
        "CREATE POLICY p ON t USING (n > 0)",
        "CREATE TRIGGER g BEFORE UPDATE OF n ON t FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE t ADD m int; CREATE STATISTICS s ON n, m FROM t",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT n FROM t; END",
    ],
)
def test_the_only_dependent_of_a_column_is_read(database: str, sql: str) -> None:
    found = read_after(database, f"CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0)); {sql}")

    assert "n" in {one.column for one in found.require_table(Name("public", "t")).dependents}
