"""What `zdm execute` says of surroundings that do not fit, and with which exit code.

Nothing here passes by itself, so none of it is temporary: a Job must not try it again.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests import scratch
from tests.cli.conftest import Answer, Zdm
from tests.conftest import fresh_database
from tests.postgres.backfill.replicas import replica
from zdm.postgres.journal import runs
from zdm.postgres.server import programs, provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text);
INSERT INTO users SELECT g, 'a' || g FROM generate_series(1, 50) AS g;
"""
RENAME = "ALTER TABLE users RENAME email TO new_email;\n"
SETTINGS = """[rollout]
polls = 1
poll_interval = "10ms"
revert_window = "0s"
sessions = "warn"

[backfill.gates]
blind = "accept"
"""
EXECUTE = ("execute", "plan.yaml", "--assume-deployed", "--approve", "--log-format", "human")


@pytest.fixture(
    scope="module", params=[pytest.param(14, marks=pytest.mark.more), 18], ids=["14", "18"]
)
def ground(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that a standby follows and that takes encrypted connections, too."""
    with certificate() as folder:
        settings = (
            ("ssl", "on"),
            ("ssl_cert_file", f"{folder}/server.crt"),
            ("ssl_key_file", f"{folder}/server.key"),
            ("wal_level", "logical"),
        )
        with scratch.throwaway(Wanted(major=request.param, settings=settings)) as server:
            yield server


@contextmanager
def certificate() -> Iterator[Path]:
    """A folder with the certificate of another host."""
    folder = Path(tempfile.mkdtemp(prefix="zdm-", dir=provider.scratch_home()))
    try:
        subprocess.run(
            [
                *("openssl", "req", "-new", "-x509", "-days", "3", "-nodes"),
                *("-subj", "/CN=other.example"),
                *("-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"),
            ],
            check=True,
            capture_output=True,
        )
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o600)
            programs.give(path)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Shop:
    """A database of the shop's owner, who is no superuser, and its plan."""

    admin: str
    url: str
    role: str
    name: str
    zdm: Zdm

    def sql(self, *statements: str) -> None:
        run_sql(self.admin, *statements)

    def plan(self, sql: str = RENAME) -> Answer:
        Path("0007.sql").write_text(sql)
        return self.zdm(
            "plan", "0007.sql", "-o", "plan.yaml", "--database", self.url, "--no-verify"
        )

    def plan_from_a_snapshot(self) -> None:
        taken = self.zdm("snapshot", "-o", "schema.json", "--database", self.url)
        made = self.zdm(
            *("plan", "0007.sql", "-o", "plan.yaml", "--snapshot", "schema.json"),
            "--no-verify",
        )

        assert (taken.code, made.code) == (0, 0), taken.err + made.err

    def execute(self, url: str = "", *more: str) -> Answer:
        return self.zdm(*EXECUTE, *more, "--database", url or self.url)


def run_sql(url: str, *statements: str) -> None:
    with connection.connect(url, name="tests") as opened:
        for statement in statements:
            opened.execute(statement.encode())


@pytest.fixture
def shop(ground: Server, zdm: Zdm, tmp_path: Path) -> Iterator[Shop]:
    """The plan is made, and nothing was executed."""
    with fresh_database(ground) as admin:
        role, name = f"owner_{uuid4().hex[:10]}", admin.rpartition("/")[2]
        parts = urlsplit(admin)
        place = parts.netloc.rpartition("@")[2]
        url = parts._replace(netloc=f"{role}:pw@{place}").geturl()
        run_sql(
            admin,
            f"CREATE ROLE {role} LOGIN PASSWORD 'pw'",
            f'ALTER DATABASE "{name}" OWNER TO {role}',
            f"GRANT ALL ON SCHEMA public TO {role}",
        )
        run_sql(url, SCHEMA)
        (tmp_path / "0007.sql").write_text(RENAME)
        (tmp_path / "zdm.toml").write_text(SETTINGS)
        made = zdm("plan", "0007.sql", "--no-verify", "-o", "plan.yaml", "--database", url)
        assert made.code == 0, made.err
        yield Shop(admin, url, role, name, zdm)
        run_sql(
            admin,
            f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER',
            f"DROP OWNED BY {role} CASCADE",
            f"DROP ROLE {role}",
        )


def test_it_is_executed_by_an_owner_who_is_no_superuser(shop: Shop) -> None:
    answer = shop.execute()

    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=bogus", 'invalid sslmode value: "bogus"'),
        ("service=nope", 'definition of service "nope" not found'),
        ("sslmode=verify-full&sslrootcert=/nope/root.crt", 'file "/nope/root.crt" does not'),
        ("sslmode=verify-full&sslrootcert={root}", "does not match host name"),
        ("sslmode=verify-ca&sslrootcert={other}", "certificate verify failed"),
        ("gssencmode=bogus", 'invalid gssencmode value: "bogus"'),
    ],
)
def test_a_setting_of_the_url_that_cannot_work_is_invalid_input(
    shop: Shop, query: str, said: str
) -> None:
    with certificate() as others:
        with connection.connect(shop.admin, name="tests") as opened:
            row = opened.execute("SHOW ssl_cert_file").fetchone()
        assert row is not None
        answer = shop.execute(
            f"{shop.url}?{query.format(root=row[0], other=others / 'server.crt')}"
        )

    assert (answer.code, said in answer.err, "hint: " in answer.err) == (2, True, True)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PGSSLMODE", "bogus", 'invalid sslmode value: "bogus"'),
        ("PGSERVICE", "nope", 'definition of service "nope" not found'),
        ("PGCHANNELBINDING", "bogus", 'invalid channel_binding value: "bogus"'),
    ],
)
def test_a_variable_that_cannot_work_is_invalid_input(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv(variable, value)
        answer = shop.execute()

    assert (answer.code, said in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{port}", "notaport", "its port is not a number"),
        (":pw@", ":wrong@", "password authentication failed"),
        (":pw@", "@", "no password supplied"),
        ("{role}:", "nobody_here:", "password authentication failed"),
        ("/{name}", "/no_such_database", 'database "no_such_database" does not exist'),
        ("/{name}", "/template0", "is not currently accepting connections"),
    ],
)
def test_an_address_that_is_wrong_is_invalid_input(
    shop: Shop, old: str, new: str, said: str
) -> None:
    port = urlsplit(shop.url).port
    old = old.format(port=f":{port}", role=shop.role, name=shop.name)
    answer = shop.execute(shop.url.replace(old, f":{new}" if old == f":{port}" else new, 1))

    assert (answer.code, said in answer.err) == (2, True)
    assert "wrong" not in answer.err


def test_a_server_without_encryption_is_named(server: Server, shop: Shop) -> None:
    answer = shop.execute(f"{server.dsn}?sslmode=require")

    assert answer.code == 2
    assert "server does not support SSL, but SSL was required" in answer.err
    assert "sslmode" in answer.err.partition("hint: ")[2]


def test_a_role_that_may_not_connect_gets_the_grant(shop: Shop) -> None:
    shop.sql(
        f'REVOKE CONNECT ON DATABASE "{shop.name}" FROM PUBLIC',
        f'ALTER DATABASE "{shop.name}" OWNER TO CURRENT_USER',
    )
    answer = shop.execute()

    assert answer.code == 2
    assert "permission denied for database" in answer.err
    assert "GRANT CONNECT ON DATABASE" in answer.err


def test_a_role_without_rights_gets_the_grant_and_then_executes(shop: Shop) -> None:
    shop.sql(f'ALTER DATABASE "{shop.name}" OWNER TO CURRENT_USER')
    refused = shop.execute()
    hint = refused.err.partition("hint: ")[2]
    shop.sql(hint.partition(";")[0])
    granted = shop.execute()

    assert refused.code == 3
    assert f"the role {shop.role} may not make or write zdm's journal" in refused.err
    assert granted.code == 0, granted.err


def test_a_schema_that_was_made_for_it_is_enough(shop: Shop) -> None:
    shop.sql(
        f'ALTER DATABASE "{shop.name}" OWNER TO CURRENT_USER',
        f"CREATE SCHEMA zdm AUTHORIZATION {shop.role}",
    )
    answer = shop.execute()

    assert answer.code == 0, answer.err


def test_schema_zdm_of_another_owner_is_refused_with_the_grant(shop: Shop) -> None:
    shop.sql("CREATE SCHEMA zdm")
    refused = shop.execute()
    hint = refused.err.partition("hint: ")[2]
    shop.sql(hint.partition(", or")[0])
    granted = shop.execute()

    assert refused.code == 3
    assert "in schema `zdm` of postgres" in refused.err
    assert granted.code == 0, granted.err


def test_a_journal_of_another_owner_is_refused_with_its_owner(shop: Shop) -> None:
    with connection.connect(shop.admin, name="tests") as opened:
        runs.make(opened)
    status = shop.zdm("status", "--database", shop.url)
    refused = shop.execute()

    assert (status.code, refused.code) == (3, 3)
    assert "may not read zdm's journal in postgres's schema `zdm`" in status.err
    assert 'run zdm as "postgres", or GRANT "postgres" TO' in refused.err


@pytest.mark.parametrize(
    "foreign",
    [
        "CREATE TABLE zdm.orders (id int)",
        "CREATE TABLE zdm.journal (entry text)",
        "CREATE VIEW zdm.run AS SELECT 1 AS plan_digest",
    ],
)
def test_a_schema_of_that_name_that_is_not_ours_is_refused(shop: Shop, foreign: str) -> None:
    run_sql(shop.url, "CREATE SCHEMA zdm", foreign)
    answer = shop.execute()
    status = shop.zdm("status", "--database", shop.url)

    assert answer.code == 3
    assert "schema `zdm` holds what zdm did not make" in answer.err
    assert "database was lost" not in answer.err + status.err
    assert (status.code, status.out) == (0, "no plan was ever run on this database\n")


@pytest.mark.parametrize(
    "whose", ["ROLE {role}", 'DATABASE "{name}"', 'ROLE {role} IN DATABASE "{name}"']
)
@pytest.mark.parametrize(
    ("name", "value"),
    [("default_transaction_read_only", "on"), ("session_replication_role", "replica")],
)
def test_a_role_that_may_only_read_or_whose_writes_set_nothing_off_is_refused(
    shop: Shop, whose: str, name: str, value: str
) -> None:
    of = whose.format(role=shop.role, name=shop.name)
    shop.sql(f"ALTER {of} SET {name} = {value}")
    refused = shop.execute()
    remedy = refused.err.partition("hint: ")[2].partition("; or run zdm")[0]
    with connection.connect(shop.admin, name="tests") as opened:
        opened.execute("SET default_transaction_read_only = off")
        opened.execute(remedy.encode())
    after = shop.execute()

    assert refused.code == 3
    assert f"{name} is {value} for the role {shop.role}" in refused.err
    assert after.code == 0, after.err


def test_a_role_that_acts_as_another_is_told_what_that_one_lacks(shop: Shop) -> None:
    login = f"login_{uuid4().hex[:10]}"
    url = shop.url.replace(f"{shop.role}:pw", f"{login}:pw")
    Path("zdm.toml").write_text(SETTINGS.partition("[backfill.gates]")[0])
    shop.sql(
        f"CREATE ROLE {login} LOGIN PASSWORD 'pw' IN ROLE {shop.role}",
        f"ALTER ROLE {login} SET role = {shop.role}",
    )
    try:
        refused = shop.execute(url)
        shop.sql(refused.err.partition("hint: ")[2].partition(", or accept")[0])
        after = shop.execute(url)
    finally:
        shop.sql(f"DROP ROLE {login}")

    assert refused.code == 3
    assert f"GRANT pg_read_all_stats TO {shop.role}" in refused.err
    assert after.code == 0, after.err


OTHERS = "CREATE TABLE other.users (id bigint PRIMARY KEY, email text)"
INSERT = "INSERT INTO users (id, email) VALUES (99, 'x');\n"
AS_WRITTEN = "-- zdm: run in expand -- tests\nUPDATE users SET email = 'x' WHERE id > 40;\n"
VIEW = "CREATE VIEW seen AS SELECT id FROM users;\n"


@pytest.mark.parametrize("sql", [INSERT, AS_WRITTEN, VIEW], ids=["insert", "update", "view"])
def test_names_mean_what_they_meant_where_the_plan_was_made(shop: Shop, sql: str) -> None:
    """Another role may execute it, or this one with another search_path."""
    run_sql(shop.url, "CREATE SCHEMA other", OTHERS, "INSERT INTO other.users SELECT 50, 'b'")
    made = shop.plan(sql)
    shop.sql(f"ALTER ROLE {shop.role} SET search_path = other, public")
    answer = shop.execute()
    with connection.connect(shop.admin, name="tests") as opened:
        others = opened.execute("SELECT id, email FROM other.users").fetchall()
        views = opened.execute(
            "SELECT schemaname, definition FROM pg_views WHERE viewname = 'seen'"
        ).fetchall()

    assert made.code == 0, made.err
    assert answer.code == 0, answer.err
    assert others == [(50, "b")]
    assert [schema for schema, _ in views] == (["public"] if sql == VIEW else [])


def test_who_is_let_in_no_more_stops_part_way(shop: Shop) -> None:
    """Credentials that are given for a time end in the middle of a run."""
    begun = shop.execute("", "--until", "expanded")
    shop.sql(
        f"CREATE FUNCTION expire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        f" 'BEGIN ALTER ROLE {shop.role} NOLOGIN; RETURN NEW; END'",
        "CREATE TRIGGER expire BEFORE INSERT ON zdm.backfill_range"
        " FOR EACH ROW EXECUTE FUNCTION expire()",
    )
    stopped = shop.execute()
    shop.sql(f"ALTER ROLE {shop.role} LOGIN", "DROP TRIGGER expire ON zdm.backfill_range")
    after = shop.execute()

    assert begun.code == 0, begun.err
    assert stopped.code == 4, stopped.err
    assert "is not permitted to log in" in stopped.err
    assert after.code == 0, after.err


def test_a_hot_standby_is_refused_and_nothing_was_lost(ground: Server, shop: Shop) -> None:
    with replica(ground, f"r{uuid4().hex[:6]}") as standby:
        there = urlsplit(standby.dsn)
        url = urlsplit(shop.url)._replace(
            netloc=f"{shop.role}:pw@{there.hostname}:{there.port}"
        )
        executed = shop.execute(url.geturl())
        paused = shop.zdm("pause", "--database", url.geturl())

    assert executed.code == 3
    assert "the server is a hot standby, which takes no writes" in executed.err
    assert "connect to the primary" in executed.err
    assert "lost" not in executed.err
    assert paused.code == 3


def test_beside_a_publication_of_all_tables_it_runs(shop: Shop) -> None:
    shop.sql("CREATE PUBLICATION everything FOR ALL TABLES")
    made = shop.zdm(
        "plan", "0007.sql", "-o", "plan.yaml", "--database", shop.url, "--no-verify"
    )
    answer = shop.execute()

    assert made.code == 0, made.err
    assert answer.code == 0, answer.err


def test_a_publication_of_all_tables_is_said_before_the_run(shop: Shop) -> None:
    shop.sql("CREATE PUBLICATION everything FOR ALL TABLES")
    shop.zdm("plan", "0007.sql", "-o", "plan.yaml", "--database", shop.url, "--no-verify")
    answer = shop.execute()

    assert "! replication: the publication everything sends all tables" in answer.err
    assert answer.err.index("! replication") < answer.err.index("run 1 begins")


def test_a_role_that_sees_no_sessions_is_refused_before_anything_is_changed(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "zdm.toml").write_text(SETTINGS.partition("[backfill.gates]")[0])
    refused = shop.execute()
    with connection.connect(shop.admin, name="tests") as opened:
        row = opened.execute("SELECT to_regnamespace('zdm') IS NULL").fetchone()
    shop.sql(refused.err.partition("hint: ")[2].partition(", or")[0])
    granted = shop.execute()

    assert (refused.code, row) == (3, (True,))
    assert granted.code == 0, granted.err


def test_rows_that_a_policy_hides_from_the_owner_are_refused_before_anything_is_changed(
    shop: Shop,
) -> None:
    run_sql(
        shop.url,
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
        "CREATE POLICY odd ON users USING (id % 2 = 1)",
    )
    planned = shop.plan()
    shop.plan_from_a_snapshot()
    examined = shop.zdm("doctor", "plan.yaml", "--database", shop.url)
    refused = shop.execute()
    shop.sql(refused.err.partition("hint: ")[2].partition(", or")[0])
    again, granted = shop.plan(), shop.execute()
    with connection.connect(shop.admin, name="tests") as opened:
        row = opened.execute("SELECT count(new_email), count(*) FROM users").fetchone()

    for answer in (planned, refused):
        assert answer.code == 3
        assert "row security hides rows of public.users" in answer.err
    assert "policies hide rows of public.users from the role" in examined.out
    assert again.code == 0, again.err
    assert granted.code == 0, granted.err
    assert row == (50, 50)


def test_a_fill_of_a_table_that_others_inherit_from_is_refused(shop: Shop) -> None:
    run_sql(shop.url, "CREATE TABLE guests (x int) INHERITS (users)")
    examined, refused = shop.zdm("doctor", "plan.yaml", "--database", shop.url), shop.execute()
    planned = shop.plan("UPDATE users SET email = lower(email);\n")

    assert (planned.code, "guests inherits from users" in planned.err) == (3, True)
    assert refused.code == 3
    assert "guests inherits from public.users" in examined.out


def test_a_table_that_a_subscription_feeds_is_named(shop: Shop) -> None:
    shop.sql(
        "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere.invalid' PUBLICATION pp"
        " WITH (connect = false, slot_name = NONE)",
        "INSERT INTO pg_subscription_rel SELECT oid, 'users'::regclass, 'r', NULL"
        " FROM pg_subscription WHERE subname = 's'",
    )
    try:
        planned = shop.plan()
        shop.plan_from_a_snapshot()
        examined = shop.zdm("doctor", "plan.yaml", "--database", shop.url)
        refused = shop.execute()
    finally:
        shop.sql("DROP SUBSCRIPTION s")
    again = shop.plan()

    for answer in (planned, refused):
        assert answer.code == 3
        assert "the subscription s writes to public.users" in answer.err
    assert "the subscription s writes to public.users" in examined.out
    assert again.code == 0, again.err


def gate(folder: Path, more: str = "") -> None:
    """Sessions hold the gate, for a second."""
    (folder / "zdm.toml").write_text(
        SETTINGS.replace('sessions = "warn"', f'deadline = "1s"\n{more}')
    )


def test_a_pool_without_names_holds_the_gate_and_is_told_the_ways_out(
    shop: Shop, tmp_path: Path
) -> None:
    gate(tmp_path)
    with psycopg.connect(shop.url):
        answer = shop.execute()
    error = answer.err.partition("error: ")[2]

    assert answer.code == 4
    assert "the old version was not gone within 1s: 1 database session" in error
    assert "unnamed (pid " in error
    assert f"user {shop.role}, from 127.0.0.1)" in error
    for said in (error, answer.err.partition("error: ")[0]):
        assert 'PGAPPNAME=zdm-app:VERSION/… and set `new = "VERSION"`' in said
        assert "`allowed_sessions`" in said
        assert '`sessions = "warn"`' in said


@pytest.mark.parametrize("way", ['sessions = "warn"', 'allowed_sessions = [""]', "PGAPPNAME"])
def test_each_way_out_lets_the_contract_begin(shop: Shop, tmp_path: Path, way: str) -> None:
    gate(tmp_path, 'new = "v8"' if way == "PGAPPNAME" else way)
    name = "zdm-app:v8/web/1" if way == "PGAPPNAME" else ""
    with psycopg.connect(shop.url, application_name=name):
        answer = shop.execute()

    assert answer.code == 0, answer.err


def test_a_name_that_the_next_release_has_too_is_none(shop: Shop, tmp_path: Path) -> None:
    gate(tmp_path)
    with psycopg.connect(shop.url, application_name="zdm-app:new/web/1"):
        answer = shop.execute()

    assert answer.code == 4
    assert "zdm-app:new/web/1 (pid " in answer.err
    assert 'set `new = "VERSION"` in [rollout]' in answer.err


def test_a_table_without_identity_in_a_publication_is_refused_by_name(
    shop: Shop, tmp_path: Path
) -> None:
    run_sql(
        shop.url,
        "CREATE TABLE logs (a text)",
        "INSERT INTO logs VALUES ('x')",
        "CREATE PUBLICATION logs FOR TABLE logs",
    )
    (tmp_path / "0008.sql").write_text("UPDATE logs SET a = 'y' WHERE a = 'x';\n")
    made = shop.zdm(
        "plan", "0008.sql", "-o", "plan.yaml", "--database", shop.url, "--no-verify"
    )

    assert made.code == 3
    assert "logs is published by logs and has no replica identity" in made.err
    assert "give it a primary key" in made.err


SECRETS = (
    "postgresql://atk:p@zq:w/xj%41#x@127.0.0.1:1/atk",
    "postgresql://atk:zqxj",
    "postgresql+psycopg://atk:zq?w@xj@127.0.0.1:1/atk",
    "postgresql://atk:%zq@127.0.0.1:1/atk",
    "host=127.0.0.1 port=1 user=atk password=p zq dbname=atk",
    "host=127.0.0.1 port=1 user=atk password='zqxj",
    "mysql://atk:zqxj@127.0.0.1:1/atk",
    "atk:zqxj@127.0.0.1:1/atk",
)


@pytest.mark.parametrize("way", ["--database", "ZDM_DATABASE_URL", "zdm.toml", "cut off"])
@pytest.mark.parametrize("url", SECRETS)
def test_no_part_of_a_password_is_printed_wherever_it_comes_from(
    zdm: Zdm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str, url: str
) -> None:
    options: tuple[str, ...] = ()
    match way:
        case "--database":
            options = ("--database", url)
        case "ZDM_DATABASE_URL":
            monkeypatch.setenv("ZDM_DATABASE_URL", url)
        case "zdm.toml":
            (tmp_path / "zdm.toml").write_text(f'database = "{url}"\n')
        case _:
            (tmp_path / "zdm.toml").write_text(f'database = "{url}\n')
    answers = [zdm(command, *options) for command in ("status", "doctor", "snapshot")]
    said = "".join(answer.out + answer.err for answer in answers)

    assert {answer.code for answer in answers} <= {2, 3}
    assert not [part for part in ("zq", "xj", "p@") if part in said]


def test_a_password_of_the_environment_is_not_printed(
    zdm: Zdm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "zqxj")
    answer = zdm("status", "--database", "postgresql://atk@127.0.0.1:1/atk")

    assert answer.code == 75
    assert (
        'connection to server at "127.0.0.1", port 1 failed: Connection refused' in answer.err
    )
    assert "zq" not in answer.out + answer.err
