"""What a question to the catalog may find and a Snapshot does not have, or the role not see."""

import psycopg
from psycopg.conninfo import make_conninfo

from tests.postgres.catalog.test_absent import read_after

OTHERS = """
CREATE ROLE unshown_own LOGIN PASSWORD 'x';
CREATE ROLE unshown_team;
CREATE ROLE unshown_other;
GRANT unshown_team TO unshown_own;
CREATE SCHEMA legacy;
CREATE TABLE legacy.users (id int);
CREATE VIEW legacy.shown AS SELECT 1 AS n;
CREATE TABLE ours (id int);
ALTER TABLE legacy.users OWNER TO unshown_other;
ALTER TABLE ours OWNER TO unshown_team;
CREATE EXTENSION citext;
CREATE TABLE alembic_version (version_num text CONSTRAINT alembic_version_pkc PRIMARY KEY);
GRANT CREATE ON SCHEMA public TO unshown_own;
GRANT SELECT ON alembic_version TO unshown_own;
"""


def test_names_that_a_snapshot_leaves_out_are_read(database: str) -> None:
    names = read_after(
        database,
        "CREATE EXTENSION citext; CREATE TABLE alembic_version"
        " (version_num text CONSTRAINT alembic_version_pkc PRIMARY KEY)",
    ).unshown.names

    assert {
        ("information_schema", "triggers"),
        ("pg_catalog", "text"),
        ("public", "citext"),
        ("public", "alembic_version"),
        ("public", "alembic_version_pkc"),
    } <= names


def test_relations_of_roles_that_this_one_is_no_member_of_are_read(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(OTHERS.encode())
    own = make_conninfo(database, user="unshown_own", password="x")
    found = read_after(own, "CREATE TABLE mine (id int)").unshown

    assert found.not_owned == {
        ("legacy", "users"),
        ("legacy", "shown"),
        ("public", "alembic_version"),
    }
