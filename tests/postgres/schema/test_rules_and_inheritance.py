"""What a rule and INHERIT change for every session at once, as zdm says when it refuses one."""

import psycopg
import pytest
from psycopg.errors import FeatureNotSupported

from tests.conftest import fresh_database
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE above (id int NOT NULL, n int);
CREATE TABLE users (id int PRIMARY KEY, n int);
CREATE TABLE logs (id int);
INSERT INTO users VALUES (1, 1);
"""
UPSERT = "INSERT INTO users VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = 2"


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("ON INSERT TO users DO ALSO INSERT INTO logs VALUES (NEW.id)", True),
        ("ON UPDATE TO users DO ALSO INSERT INTO logs VALUES (NEW.id)", True),
        ("ON DELETE TO users DO ALSO INSERT INTO logs VALUES (OLD.id)", False),
    ],
)
def test_on_conflict_fails_with_a_rule_for_inserts_or_updates(
    every_server: Server, rule: str, fails: bool
) -> None:
    with fresh_database(every_server) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"{BEFORE} CREATE RULE r AS {rule};".encode())
        if fails:
            with pytest.raises(FeatureNotSupported):
                conn.execute(UPSERT.encode())
        else:
            conn.execute(UPSERT.encode())
        conn.execute(b"DROP RULE r ON users")
        conn.execute(UPSERT.encode())


def test_a_query_of_the_parent_has_the_rows_of_the_child(every_server: Server) -> None:
    seen = []
    with fresh_database(every_server) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(BEFORE.encode())
        for change in ("INHERIT", "NO INHERIT"):
            conn.execute(f"ALTER TABLE users {change} above".encode())
            for table in ("above", "ONLY above"):
                (row,) = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
                seen.append(row[0])

    assert seen == [1, 0, 0, 0]
