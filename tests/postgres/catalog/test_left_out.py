"""What a throwaway server cannot have is left out by name; only plans that touch it stop."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from tests.conftest import fresh_database
from tests.golden import Golden
from tests.postgres.catalog.test_rebuild import read
from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.catalog.database import Extension, Membership, Setting
from zdm.model.schema import Snapshot
from zdm.planning import classify, schedule
from zdm.postgres.catalog import rebuild
from zdm.postgres.catalog.rebuild import Rebuilt
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file

EVERYTHING = Path(__file__).with_name("everything.sql").read_text()
NAMES = Path(__file__).with_name("everything.txt")
T = "CREATE TABLE t (id bigint PRIMARY KEY, a text);"
ALTER = "ALTER TABLE t ADD COLUMN z int;"
# Each of them alone once made every plan of the database fail.
WHOLE = {
    "a check that is printed in other words": T
    + "CREATE TABLE u (s varchar(9) NOT NULL, CHECK (s IN ('a', 'b')));",
    "an index, a view, a policy and a rule in other words": T
    + "CREATE TABLE u (s varchar(9), n int); CREATE INDEX u_s ON u (n) WHERE s IN ('a', 'b');"
    "CREATE VIEW v AS SELECT n FROM u WHERE s IN ('a', 'b');"
    "CREATE POLICY p ON u USING (s IN ('a', 'b'));"
    "CREATE RULE r AS ON DELETE TO u WHERE OLD.s IN ('a', 'b') DO INSTEAD NOTHING;",
    "an aggregate": T
    + "CREATE AGGREGATE mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');"
    "CREATE VIEW v AS SELECT mysum(id::int) AS s FROM t;",
    "a collation": T
    + "CREATE COLLATION nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    "CREATE TABLE u (id text COLLATE nd PRIMARY KEY);",
    "an operator": T + "CREATE FUNCTION feq(text, text) RETURNS bool LANGUAGE sql IMMUTABLE"
    " AS 'SELECT lower($1) = lower($2)';"
    "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = feq);"
    "CREATE TABLE u (a text, b text, CHECK (a === b));",
    "a cast": T + "CREATE TYPE yn AS ENUM ('y', 'n');"
    "CREATE FUNCTION yn2b(yn) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT $1 = 'y'$$;"
    "CREATE CAST (yn AS boolean) WITH FUNCTION yn2b(yn) AS ASSIGNMENT;"
    "CREATE VIEW v AS SELECT CAST('y'::yn AS boolean) AS b;",
    "a text search configuration": T + "CREATE TEXT SEARCH CONFIGURATION my (COPY = english);"
    "CREATE INDEX ON t USING gin (to_tsvector('my', a));",
    "a foreign table": T
    + "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;"
    "CREATE FOREIGN TABLE f (id bigint OPTIONS (column_name 'no'), a text) SERVER s"
    " OPTIONS (table_name 'x'); CREATE VIEW v AS SELECT a FROM f;",
    "a foreign table as a partition": T
    + "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;"
    "CREATE TABLE p (id int NOT NULL, a text) PARTITION BY RANGE (id);"
    "CREATE FOREIGN TABLE p_1 PARTITION OF p FOR VALUES FROM (1) TO (9) SERVER s;",
    "a foreign table of a file": T
    + "CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;"
    "CREATE FOREIGN TABLE f (a text) SERVER s OPTIONS (filename '/etc/hostname');",
    "a wrapper of its own": T
    + "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
    "CREATE FOREIGN TABLE f (id bigint) SERVER s;",
    "a partition with an identity column": T
    + "CREATE TABLE job (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL,"
    " PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
    "CREATE TABLE job_1 PARTITION OF job FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
    " PARTITION BY HASH (id);"
    "CREATE TABLE job_1_0 PARTITION OF job_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
    "CREATE TABLE job_d PARTITION OF job DEFAULT;",
    "a trigger of a partitioned table, off in a partition": T
    + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TABLE q (id int NOT NULL) PARTITION BY RANGE (id);"
    "CREATE TABLE a_q PARTITION OF q FOR VALUES FROM (1) TO (9);"
    "CREATE TABLE b_q PARTITION OF q DEFAULT;"
    "CREATE TRIGGER g BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION f('x');"
    "ALTER TABLE q DISABLE TRIGGER g; ALTER TABLE a_q ENABLE ALWAYS TRIGGER g;",
    "a publication of all tables": T + "CREATE PUBLICATION p FOR ALL TABLES;",
    "grants on schemas, types and servers": T
    + "CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO zdm_test_a; CREATE TYPE e AS ENUM ('a');"
    "REVOKE USAGE ON TYPE e FROM PUBLIC; GRANT USAGE ON TYPE e TO zdm_test_b;"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC; COMMENT ON SCHEMA s IS 'x';",
}
# Before version 15 there are none.
NEWER = {
    "a publication of schemas": T + "CREATE PUBLICATION p FOR TABLES IN SCHEMA public;",
    "a rule of a collation": T
    + "CREATE COLLATION c (provider = icu, locale = '', rules = '&a < g');",
}
BASE = """
CREATE TYPE base;
CREATE FUNCTION base_in(cstring) RETURNS base LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION base_out(base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE base (INPUT = base_in, OUTPUT = base_out, LIKE = int4);
CREATE TABLE odd (id int PRIMARY KEY, b base);
CREATE TABLE refers (id int REFERENCES odd, n int);
CREATE VIEW of_odd AS SELECT id FROM odd;
"""


def planned_from(server: Server, before: str, migration: str) -> Verification:
    """Verify the plan of a migration on the schema that some SQL makes."""
    with schema(server, before) as start:
        train = schemas.train(migration)
        found = classify.classify(train, start)
        plan = schedule.plan(found, name="m", train=train, snapshot=start)
        return replay.replay(plan, start, server)


@contextlib.contextmanager
def schema(server: Server, before: str) -> Iterator[Snapshot]:
    with fresh_database(server) as url:
        try:
            yield read(url, before)
        finally:
            with connection.connect(url, name="test") as conn:
                conn.execute("DROP SUBSCRIPTION IF EXISTS feed")


def rebuilt(server: Server, before: str) -> tuple[Snapshot, Rebuilt]:
    with schema(server, before) as start, shadow.database(server) as dsn:
        given = snapshot_file.loads(snapshot_file.dumps(start), "x.json")
        rebuild.rebuild(dsn, given, shadow.administration(server, dsn))
        with connection.connect(dsn, name="test") as conn:
            return start, rebuild.found(conn, start)


@pytest.mark.parametrize("before", WHOLE.values(), ids=WHOLE)
def test_it_is_made_and_a_plan_of_another_table_verified(server: Server, before: str) -> None:
    found = planned_from(server, before, ALTER)

    assert found.findings == ()
    assert found.notes == ()


@pytest.mark.parametrize("before", WHOLE.values(), ids=WHOLE)
def test_so_it_is_on_every_version(every_server: Server, before: str) -> None:
    found = planned_from(every_server, before, ALTER)

    assert found.findings == ()
    assert found.notes == ()


@pytest.mark.parametrize("before", NEWER.values(), ids=NEWER)
def test_so_are_kinds_that_newer_versions_have(server: Server, before: str) -> None:
    found = planned_from(server, before, ALTER)

    assert found.findings == ()
    assert found.notes == ()


# Their rows are no objects of a database's schema, or a test of its own makes one.
ELSEWHERE = {
    *("pg_auth_members", "pg_largeobject_metadata", "pg_parameter_acl", "pg_tablespace"),
    "pg_publication_namespace",
}
KINDS = {
    "pg_class.relkind": "I,S,c,f,i,m,p,r,t,v",
    "pg_type.typtype": "b,c,d,e,m,p,r",
    "pg_proc.prokind": "a,f,p,w",
    "pg_constraint.contype": "c,f,p,t,u,x",
}


def test_of_every_kind_that_the_catalog_has_there_is_one(server: Server) -> None:
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        read(url, EVERYTHING)
        catalogs = conn.execute(
            "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'"
            " AND a.attname = 'oid'"
        ).fetchall()
        some = {
            name
            for (name,) in catalogs
            if conn.execute(f"SELECT 1 FROM {name} WHERE oid >= 16384".encode()).fetchone()
        }
        kinds = {}
        for column in KINDS:
            found = f"SELECT DISTINCT {column}::text FROM {column.partition('.')[0]}"
            rows = conn.execute(f"{found} WHERE oid >= 16384 ORDER BY 1".encode()).fetchall()
            kinds[column] = ",".join(kind for (kind,) in rows if kind != "n")  # since 18
        conn.execute("DROP SUBSCRIPTION feed")

    assert {name for (name,) in catalogs} - some - ELSEWHERE == set()
    assert kinds == KINDS


def everything(server: Server, golden: Golden) -> None:
    _, made = rebuilt(server, EVERYTHING)
    names = [f"{one.kind} {one.name}: {one.reason}" for one in made.left_out]

    text = "\n".join(names) + "\n"
    golden.check(NAMES, text.replace("integer on language", "integer language"))  # 14 and 15


def test_of_a_schema_with_one_object_of_every_kind_some_are_left_out_by_name(
    server: Server, golden: Golden
) -> None:
    everything(server, golden)


def test_the_same_are_left_out_on_every_version(every_server: Server, golden: Golden) -> None:
    everything(every_server, golden)


def test_a_plan_of_a_schema_with_every_kind_is_verified_and_says_what_was_left_out(
    server: Server,
) -> None:
    found = planned_from(server, EVERYTHING, "ALTER TABLE people ADD COLUMN z int;")

    assert found.findings == ()
    assert [note.partition(":")[0] for note in found.notes] == [
        "not on the throwaway server, and not touched by the plan",
        "the rows of people were not compared",
        "people stayed empty, because no sample row fits",
    ]


def test_so_it_is_with_every_kind_on_every_version(every_server: Server) -> None:
    found = planned_from(every_server, EVERYTHING, "ALTER TABLE people ADD COLUMN z int;")

    assert found.findings == ()
    assert len(found.notes) == 3  # left out; rows not compared; no sample row fits


@pytest.mark.parametrize(
    ("migration", "named"),
    [
        ("ALTER TABLE odd ADD COLUMN z int;", "the table odd"),
        ("ALTER TABLE refers ADD COLUMN z int;", "the foreign key of refers"),
        ("ALTER TABLE t ADD COLUMN z base;", r"the type public\.base"),
        ("CREATE VIEW w AS SELECT id FROM of_odd;", "the view of_odd"),
    ],
    ids=["a table", "a part of a table", "a type", "a view"],
)
def test_a_plan_that_touches_what_was_left_out_is_refused_by_name(
    server: Server, migration: str, named: str
) -> None:
    with pytest.raises(RefusedError, match=named) as error:
        planned_from(server, T + BASE, migration)

    assert "`--no-verify`" in error.value.hint


def test_what_was_left_out_is_said_once(server: Server) -> None:
    found = planned_from(server, T + BASE, ALTER)

    (note,) = found.notes
    assert note.count("table odd") == 1
    assert "foreign key of refers" in note
    assert "view of_odd" in note


def made_of(server: Server, start: Snapshot) -> Rebuilt:
    with shadow.database(server) as dsn:
        rebuild.rebuild(dsn, start, shadow.administration(server, dsn))
        with connection.connect(dsn, name="test") as conn:
            return rebuild.found(conn, start)


def granted(start: Snapshot, items: tuple[str, ...]) -> Snapshot:
    """The Snapshot with an access list on its only table."""
    (table,) = start.tables
    return replace(start, tables=(replace(table, grants=items),))


def test_an_extension_that_the_server_does_not_have_is_left_out(server: Server) -> None:
    absent = Extension(name="no_such", schema="public", version="1")
    with schema(server, T) as start:
        found = made_of(server, replace(start, extensions=(absent,)))

    assert [(one.kind, one.name) for one in found.left_out] == [("extension", "no_such")]


def test_what_a_role_called_like_the_server_s_superuser_granted_the_owner_grants(
    server: Server,
) -> None:
    items = ("postgres=r*/", "zdm_test_a=r/postgres", "zdm_test_a=w*/")
    with schema(server, T) as start:
        found = made_of(server, granted(start, items))

    assert found.left_out == ()
    assert found.snapshot.tables[0].grants == ("postgres=r*/", "zdm_test_a=rw*/")


def test_so_it_is_with_a_column_of_a_view(server: Server) -> None:
    before = T + "CREATE VIEW v AS SELECT a FROM t; GRANT SELECT (a) ON v TO PUBLIC;"
    with schema(server, before) as start:
        (view,) = start.views
        given = (("a", ("=r/", "zdm_test_a=r/postgres")),)
        found = made_of(server, replace(start, views=(replace(view, column_grants=given),)))

    assert view.column_grants == (("a", ("=r/",)),)
    assert found.left_out == ()
    assert found.snapshot.views[0].column_grants == (("a", ("=r/", "zdm_test_a=r/")),)


def test_a_role_is_a_member_of_the_roles_that_it_is_a_member_of(server: Server) -> None:
    with connection.connect(server.dsn, name="test") as conn:
        conn.execute("DROP ROLE IF EXISTS zdm_test_team, zdm_test_member")
    items = ("zdm_test_team=r/", "zdm_test_member=w/")
    member = Membership(member="zdm_test_member", of="zdm_test_team")
    with schema(server, T) as start:
        made_of(server, replace(granted(start, items), memberships=(member,)))
    with connection.connect(server.dsn, name="test") as conn:
        row = conn.execute(
            "SELECT pg_has_role('zdm_test_member', 'zdm_test_team', 'MEMBER')"
        ).fetchone()

    assert row == (True,)


def test_passwords_of_user_mappings_and_servers_are_not_read(server: Server) -> None:
    with schema(server, EVERYTHING) as start:
        text = snapshot_file.dumps(start)

    assert "secret" not in text
    assert "db.example.org" not in text


SETTINGS = """
DO $$BEGIN
EXECUTE format('ALTER DATABASE %I SET search_path = app, public', current_database());
EXECUTE format('ALTER DATABASE %I SET DateStyle = "SQL, DMY"', current_database());
EXECUTE format('ALTER DATABASE %I SET work_mem = "9MB"', current_database());
EXECUTE format('ALTER DATABASE %I SET app.secret = "x"', current_database()); END$$;
CREATE SCHEMA app; CREATE TABLE app.t (id bigint PRIMARY KEY, a text);
"""


def test_only_settings_that_change_what_a_statement_means_are_read(
    server: Server,
) -> None:
    with schema(server, SETTINGS) as start:
        found = {one.name: one.value for one in start.settings}

    assert found == {"DateStyle": "SQL, DMY", "search_path": "app, public"}


def test_a_plan_is_verified_with_the_settings_of_the_database(server: Server) -> None:
    with (
        schema(server, SETTINGS) as start,
        shadow.database(server, start=start) as dsn,
        connection.connect(dsn, name="test", tuned=False) as conn,
    ):
        path = conn.execute("SHOW search_path").fetchone()

    assert path == ("app, public",)


ROLES = """
CREATE TABLE t (id bigint PRIMARY KEY, a text);
DO $$BEGIN
CREATE ROLE settled; CREATE ROLE stranger;
EXECUTE 'ALTER ROLE settled SET search_path = app, "$user"';
EXECUTE format('ALTER ROLE settled IN DATABASE %I SET DateStyle = "SQL, DMY"',
               current_database());
EXECUTE 'ALTER ROLE settled SET DateStyle = "German"';
EXECUTE 'ALTER ROLE settled SET work_mem = "9MB"';
EXECUTE 'ALTER ROLE stranger SET DateStyle = "German"';
EXCEPTION WHEN duplicate_object THEN NULL; END$$;
GRANT INSERT ON t TO settled;
"""


@pytest.fixture
def settled(server: Server) -> Snapshot:
    """Its database is gone, and so are its roles."""
    with schema(server, ROLES) as start:
        pass
    with connection.connect(server.dsn, name="test", autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS settled, stranger")
    return start


def test_settings_of_a_role_that_writes_are_read(settled: Snapshot) -> None:
    found = {(one.role, one.name): one.value for one in settled.role_settings}

    assert found == {
        ("settled", "DateStyle"): "SQL, DMY",
        ("settled", "search_path"): "app, settled",
    }


def test_a_role_has_its_settings_on_the_throwaway_server(
    server: Server, settled: Snapshot
) -> None:
    with shadow.database(server, start=settled) as empty:
        rebuild.rebuild(empty, settled, shadow.administration(server, empty))
    with (
        shadow.database(server, start=settled) as dsn,
        connection.connect(shadow.administration(server, dsn), name="test") as conn,
    ):
        found = conn.execute(
            "SELECT s.setconfig FROM pg_db_role_setting AS s JOIN pg_roles AS r"
            " ON r.oid = s.setrole JOIN pg_database AS d ON d.oid = s.setdatabase"
            " WHERE r.rolname = 'settled' AND d.datname = current_database()"
        ).fetchall()

    assert found == [(["DateStyle=SQL, DMY", "search_path=app, settled"],)]


def test_a_setting_that_is_not_on_the_list_is_not_set(server: Server) -> None:
    given = (Setting(name="session_preload_libraries", value="x"),)
    start = Snapshot(server_version=180000, settings=given)
    with (
        shadow.database(server, start=start) as dsn,
        connection.connect(dsn, name="test") as conn,
    ):
        (found,) = conn.execute("SELECT count(*) FROM pg_db_role_setting").fetchone() or (1,)

    assert found == 0


def test_a_foreign_table_of_a_throwaway_server_reaches_nothing(server: Server) -> None:
    before = WHOLE["a foreign table of a file"]
    with schema(server, before) as start, shadow.database(server) as dsn:
        rebuild.rebuild(dsn, start, shadow.administration(server, dsn))
        with (
            connection.connect(dsn, name="test") as conn,
            pytest.raises(psycopg.Error, match="has no handler"),
        ):
            conn.execute("SELECT * FROM f")
