"""Which triggers fire for a column that another trigger changes."""

import psycopg
import pytest

from tests.conftest import fresh_database
from zdm.postgres.server.provider import Server

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, c text, n int);
CREATE TABLE log (fired text);
INSERT INTO t VALUES (1, 'old', 0);
CREATE FUNCTION converts() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.c := ''new''; RETURN NEW; END';
CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO log VALUES (TG_NAME); RETURN NULL; END';
CREATE TRIGGER zzz BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION converts();
CREATE TRIGGER of_c AFTER UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION notes();
CREATE TRIGGER of_any AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION notes();
"""


@pytest.mark.parametrize("every_server", [14, 18], indirect=True)
def test_update_of_fires_for_the_columns_that_a_statement_names(every_server: Server) -> None:
    with fresh_database(every_server) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(TABLES.encode())
        conn.execute("UPDATE t SET n = 1")
        changed = conn.execute("SELECT c FROM t").fetchall()
        unnamed = conn.execute("SELECT fired FROM log").fetchall()
        conn.execute("UPDATE t SET c = 'other'")
        named = conn.execute("SELECT fired FROM log ORDER BY 1").fetchall()

    assert changed == [("new",)]
    assert unnamed == [("of_any",)]
    assert named == [("of_any",), ("of_any",), ("of_c",)]
