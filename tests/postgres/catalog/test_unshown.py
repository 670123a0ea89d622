"""What a question to the catalog may find and a Snapshot does not have, or the role not see."""

import psycopg
from psycopg.conninfo import make_conninfo

from tests.postgres.catalog.test_absent import read_after
from zdm.model.catalog.server_names import OF_SERVER

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
        ("public", "citext"),
        ("public", "alembic_version"),
        ("public", "alembic_version_pkc"),
    } <= names
    assert {schema for schema, _ in names} == {"public"}


NAMES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
UNION SELECT n.nspname, k.conname FROM pg_constraint AS k
  JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE k.conrelid <> 0
UNION SELECT n.nspname, t.typname FROM pg_type AS t
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
"""


def test_every_name_of_the_server_is_known_without_reading_it(every_database: str) -> None:
    with psycopg.connect(every_database) as conn:
        found = [row for row in conn.execute(NAMES).fetchall() if row[0] in OF_SERVER]
    named = {(schema, name) for schema, name in found if not name.startswith(("pg_", "_"))}

    assert {("information_schema", "triggers"), ("pg_catalog", "text")} <= named
    assert named <= {(of, name) for of, names in OF_SERVER.items() for name in names}


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
