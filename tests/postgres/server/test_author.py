"""What an author's text may not do on a shadow: it runs under a role that is no superuser."""

import contextlib
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from tests.conftest import fresh_database
from tests.unit import schemas
from zdm.errors import ZdmError
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read as catalog
from zdm.postgres.catalog import rebuild
from zdm.postgres.replay import replay
from zdm.postgres.server import author, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

HARM = {
    "a program": "COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
    "a program, read": "CREATE TABLE r (t text); COPY r FROM PROGRAM 'touch {mark}; echo x'",
    "a file": "SELECT pg_read_file('/etc/passwd', 0, 20)",
    "a file behind a default": "ALTER TABLE users ADD p text DEFAULT pg_read_file('x')",
    "a large object": "SELECT lo_import('/etc/passwd')",
    "an untrusted extension": "CREATE EXTENSION file_fdw",
    "an untrusted language": "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
    "a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "a role": "CREATE ROLE other",
    "a role's rights": "GRANT pg_execute_server_program TO CURRENT_USER",
    "another session": "SET SESSION AUTHORIZATION postgres",
    "the server": "ALTER SYSTEM SET work_mem = '1GB'",
    "its log": "SET log_statement = 'none'",
    "its database's log": "DO $$BEGIN EXECUTE format("
    "'ALTER DATABASE %I SET log_statement = none', current_database()); END$$",
    "an event trigger": "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN END'; CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION e()",
    "a program in a function": "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS"
    " $$BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; RETURN 1; END$$;"
    " ALTER TABLE users ADD COLUMN p int DEFAULT f()",
    "a superuser's session": "RESET SESSION AUTHORIZATION; ALTER ROLE postgres PASSWORD 'x'",
}


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that a program run by the server could make."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.owner() == tmp_path.owner() and folder.name.startswith("pytest"):
            folder.chmod(0o755)
    return tmp_path / "ran"


TRAP = """
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {mark}'''; RETURN NEW; END$$;
CREATE TRIGGER trap BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION trap();
ALTER TABLE users ENABLE ALWAYS TRIGGER trap;
"""


def refused(server: Server, harm: str, mark: Path) -> str | None:
    """The code of the error that the statement fails with."""
    with shadow.database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute("CREATE TABLE users (id int); INSERT INTO users VALUES (1)")
        try:
            conn.execute(harm.format(mark=mark).encode())
        except psycopg.Error as error:
            return error.sqlstate
    return None


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_what_needs_a_superuser_fails(server: Server, harm: str, mark: Path) -> None:
    assert refused(server, harm, mark) == "42501"
    assert not mark.exists()


@pytest.mark.in_turn
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_the_same_on_every_version(every_server: Server, harm: str, mark: Path) -> None:
    assert refused(every_server, harm, mark) == "42501"
    assert not mark.exists()


def test_sample_rows_fire_no_trigger_as_a_superuser(server: Server, mark: Path) -> None:
    said = replay_beside_a_trap(server, mark)

    assert "permission denied to COPY to or from an external program" in said
    assert not mark.exists()


@pytest.mark.in_turn
def test_nor_do_they_on_any_version(every_server: Server, mark: Path) -> None:
    said = replay_beside_a_trap(every_server, mark)

    assert "external program" in said
    assert not mark.exists()


def replay_beside_a_trap(server: Server, mark: Path) -> str:
    """Verify a plan of a table whose trigger starts a program where it may; what that says."""
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute(TRAP.format(mark=mark).encode())
        start = catalog.read(conn)
    train = schemas.train("ALTER TABLE users ADD COLUMN age int;")
    found = classify.classify(train, start)
    plan = schedule.plan(found, name="m", train=train, snapshot=start)
    tried = replay.replay(plan, start, server)
    return "; ".join((*tried.notes, *(one.message for one in tried.findings)))


def test_what_an_author_gave_the_role_is_taken_back(server: Server) -> None:
    with shadow.database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute("ALTER ROLE CURRENT_USER SET search_path = elsewhere")
        conn.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine'")
    with shadow.database(server) as url, connection.connect(url, name="test") as conn:
        user, path = conn.info.user, conn.execute("SHOW search_path").fetchone()

    assert user == author.ROLE
    assert path == ('"$user", public',)


def test_a_role_with_rights_is_not_joined(server: Server) -> None:
    users = replace(schemas.users(), grants=("postgres=r/postgres", "zdm_reader=r/"))
    start = schemas.snapshot(users, version=server.server_version)
    with shadow.database(server) as url, contextlib.suppress(ZdmError):
        rebuild.rebuild(url, start, shadow.administration(server, url))
    with shadow.database(server) as url, connection.connect(url, name="test") as conn:
        rows = conn.execute(
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
            " JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = current_user"
        ).fetchall()

    assert ("postgres",) not in rows
    assert ("zdm_reader",) in rows
