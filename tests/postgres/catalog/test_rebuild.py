"""A schema read, made again elsewhere and read again is the same, on every version."""

import contextlib
from pathlib import Path

import pytest
from psycopg import errors

from tests.conftest import fresh_database
from zdm.errors import RefusedError
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read as catalog
from zdm.postgres.catalog import rebuild
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file

ROLES = ("shop_reader", "zdm_test_a", "zdm_test_b", "zdm_test_owner")
RICH = Path(__file__).with_name("rich.sql").read_text()
NEWER = {
    15: "CREATE TABLE nulls (a int, UNIQUE NULLS NOT DISTINCT (a));\n"
    "CREATE PUBLICATION part FOR TABLE users (id, email) WHERE (id > 3);\n"
    "CREATE VIEW invoked WITH (security_invoker) AS SELECT id FROM users;",
    18: "CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);\n"
    "CREATE TABLE named (a int CONSTRAINT a_is_there NOT NULL, b int);\n"
    "ALTER TABLE named ADD CONSTRAINT b_is_there NOT NULL b NOT VALID;",
}


def rich(major: int) -> str:
    return "\n".join([RICH, *(sql for least, sql in NEWER.items() if major >= least)])


def read(url: str, sql: str) -> Snapshot:
    with connection.connect(url, name="test") as conn:
        for role in ROLES:  # they belong to the server, which other tests use too
            with contextlib.suppress(errors.DuplicateObject):
                conn.execute(f"CREATE ROLE {role}".encode())
        conn.execute(sql.encode())
        return catalog.read(conn)


def round_trip(server: Server, sql: str) -> tuple[str, ...]:
    with fresh_database(server) as first, fresh_database(server) as second:
        wanted = read(first, sql)
        rebuild.rebuild(second, snapshot_file.loads(snapshot_file.dumps(wanted), "x.json"))
        return snapshot_file.difference(wanted, read(second, "SELECT 1"))


def test_a_schema_with_everything_is_made_again(server: Server) -> None:
    assert round_trip(server, rich(server.major)) == ()


def test_a_schema_with_everything_is_made_again_on_every_version(every_server: Server) -> None:
    assert round_trip(every_server, rich(every_server.major)) == ()


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(
            "CREATE TABLE a (id int PRIMARY KEY);"
            "CREATE FUNCTION one(a) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"
            "CREATE TABLE b (x a, n int DEFAULT 1);",
            id="a function that takes a row",
        ),
        pytest.param(
            "CREATE TABLE p (id int NOT NULL, k text) PARTITION BY LIST (k);"
            "CREATE TABLE p_b (k text, id int NOT NULL) PARTITION BY HASH (id);"
            "ALTER TABLE p ATTACH PARTITION p_b FOR VALUES IN ('b');"
            "CREATE TABLE p_b_0 PARTITION OF p_b FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
            "CREATE INDEX p_k ON p (k); CREATE INDEX own ON p_b_0 (id DESC);"
            'ALTER INDEX p_b_0_k_idx RENAME TO "other Name";',
            id="partitions of partitions",
        ),
        pytest.param(
            "CREATE TABLE t (a int PRIMARY KEY, b int);"
            "CREATE VIEW v AS SELECT a, b FROM t GROUP BY a;"
            "CREATE FUNCTION all_v() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';"
            "CREATE VIEW w AS SELECT * FROM all_v();",
            id="a view that needs a key, a function that gives views",
        ),
        pytest.param(
            "CREATE TABLE parent (a int NOT NULL CHECK (a > 0), b int DEFAULT 3);"
            "CREATE TABLE heir (c int NOT NULL) INHERITS (parent);",
            id="inheritance",
        ),
        pytest.param(
            "CREATE TABLE t (a int); GRANT SELECT ON t TO zdm_test_a WITH GRANT OPTION;"
            "SET ROLE zdm_test_a; GRANT SELECT ON t TO zdm_test_b; RESET ROLE;"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "REVOKE ALL ON FUNCTION f() FROM PUBLIC;",
            id="grants of others",
        ),
        pytest.param(
            "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t;"
            "GRANT SELECT (b, a), UPDATE (b) ON v TO zdm_test_a WITH GRANT OPTION;"
            "SET ROLE zdm_test_a; GRANT SELECT (b) ON v TO zdm_test_b; RESET ROLE;"
            "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; GRANT SELECT (a) ON m TO PUBLIC;",
            id="grants of columns of views",
        ),
        pytest.param(
            'CREATE SCHEMA "Odd.Schema";'
            'CREATE TABLE "Odd.Schema"."Ta""ble" ("c""d" int UNIQUE);',
            id="odd names",
        ),
    ],
)
def test_a_schema_is_made_again(server: Server, sql: str) -> None:
    assert round_trip(server, sql) == ()


def test_the_owner_is_no_part_of_a_schema(server: Server) -> None:
    sql = "CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC;"
    with fresh_database(server) as first, fresh_database(server) as second:
        mine = read(first, sql)
        owned = read(second, f"{sql} ALTER TABLE t OWNER TO zdm_test_owner")

    assert snapshot_file.fingerprint(mine) == snapshot_file.fingerprint(owned)


def test_definitions_do_not_follow_session_settings(database: str) -> None:
    sql = (
        "CREATE TABLE t (at timestamptz DEFAULT '2024-01-31 12:00+00',"
        " i interval DEFAULT '1 day')"
    )
    wanted = read(database, sql)
    changed = read(
        database,
        "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = iso_8601",
    )

    assert snapshot_file.difference(wanted, changed) == ()


def test_an_invalid_index_is_refused_by_name(server: Server) -> None:
    with fresh_database(server) as first, fresh_database(server) as second:
        found = read(
            first,
            "CREATE TABLE t (a int); CREATE INDEX broken ON t (a);"
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
        )
        with pytest.raises(RefusedError, match="broken of t is INVALID"):
            rebuild.rebuild(second, found)


def test_a_schema_that_comes_out_different_is_refused_with_the_difference(
    server: Server,
) -> None:
    with fresh_database(server) as first, fresh_database(server) as second:
        found = read(first, "CREATE TABLE t (a int)")
        with connection.connect(second, name="test") as conn:
            conn.execute("CREATE TABLE other (a int)")
        with pytest.raises(RefusedError, match="other"):
            rebuild.rebuild(second, found)
