"""What a trigger computes in the application's sessions is what a batch computes."""

from dataclasses import dataclass

import pytest

from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import on
from tests.postgres.cases.test_dual_write import planned, run
from zdm.model.plan import Backfill, Phase
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.backfill import verify
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'session_app') THEN
    CREATE ROLE session_app;
  END IF;
END $$;
"""
USERS = """
CREATE SCHEMA app; CREATE TABLE app.users (id bigint PRIMARY KEY, email text);
INSERT INTO app.users VALUES (1, 'A');
GRANT USAGE ON SCHEMA app TO session_app; GRANT ALL ON app.users TO session_app;
"""
FILL = "ALTER TABLE app.users ADD COLUMN mail text; UPDATE app.users SET mail = {};"
TYPED = """
ALTER TABLE app.users ADD COLUMN mail text;
-- zdm: reverse email = norm(mail)
UPDATE app.users SET mail = norm(email);
ALTER TABLE app.users DROP COLUMN email;
"""
NORM = """
CREATE FUNCTION norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) $$;
"""
EVENTS = """
CREATE TABLE ev (id bigint PRIMARY KEY, at timestamptz NOT NULL, said text, f float8);
INSERT INTO ev VALUES (1, '2024-01-01 02:00+00', '02/03/2024', 0.1::float8 + 0.2);
GRANT ALL ON ev TO session_app;
"""
GENERATED = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO t VALUES (1, 1); GRANT ALL ON t TO session_app;
"""
TWO = "CREATE TABLE t (id int PRIMARY KEY, o {0}); GRANT ALL ON t TO session_app;"
RENAME = "ALTER TABLE t RENAME o TO n;"
COMPOSITE = "CREATE TYPE comp AS (p int, q int);"
DOMAIN = "CREATE DOMAIN dm AS text DEFAULT 'dd';"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a session of the application writes, and what is then read."""

    before: str
    migration: str
    session: str = ""
    write: str
    read: str
    wanted: object


def change(new: str, cast: str = "o") -> str:
    return (
        f"ALTER TABLE t ADD COLUMN n {new}; UPDATE t SET n = {cast};"
        " ALTER TABLE t DROP COLUMN o;"
    )


def back(old: str, new: str, value: str, wanted: str | None, cast: str) -> Written:
    return Written(
        before=TWO.format(old),
        migration=change(new, cast),
        write=f"INSERT INTO t (id, n) VALUES (1, {value})",
        read="SELECT o::text FROM t",
        wanted=wanted,
    )


INSERT = "INSERT INTO app.users (id, email) VALUES (2, 'B')"
SHADOWED = """SET search_path = app;
CREATE FUNCTION app.lower(t text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$;
SET search_path = app, pg_catalog"""
WRITTEN = {
    "search_path": Written(
        before=NORM + USERS, migration=FILL.format("norm(email)"),
        session="SET search_path = app", write=INSERT,
        read="SELECT mail FROM app.users WHERE id = 2", wanted="b",
    ),
    "search_path of a type change": Written(
        before=NORM + USERS, migration=TYPED,
        session="SET search_path = app", write=INSERT,
        read="SELECT mail FROM app.users WHERE id = 2", wanted="b",
    ),
    "function of the same name": Written(
        before=USERS, migration=FILL.format("lower(email)"),
        session=SHADOWED, write=INSERT,
        read="SELECT mail FROM app.users WHERE id = 2", wanted="b",
    ),
    "time zone": Written(
        before=EVENTS,
        migration="ALTER TABLE ev ADD COLUMN day date; UPDATE ev SET day = at::date;",
        session="SET TimeZone = 'America/Los_Angeles'",
        write="INSERT INTO ev (id, at) SELECT 2, at FROM ev",
        read="SELECT count(DISTINCT day) FROM ev", wanted=1,
    ),
    "date style": Written(
        before=EVENTS,
        migration="ALTER TABLE ev ADD COLUMN day date; UPDATE ev SET day = said::date;",
        session="SET DateStyle = 'SQL, DMY'",
        write="INSERT INTO ev (id, at, said) SELECT 2, at, said FROM ev",
        read="SELECT count(DISTINCT day) FROM ev", wanted=1,
    ),
    "float digits": Written(
        before=EVENTS,
        migration="ALTER TABLE ev ADD COLUMN s text; UPDATE ev SET s = f::text;",
        session="SET extra_float_digits = -5",
        write="INSERT INTO ev (id, at, f) SELECT 2, at, f FROM ev",
        read="SELECT count(DISTINCT s) FROM ev", wanted=1,
    ),
    "generated column": Written(
        before=GENERATED,
        migration="ALTER TABLE t ADD COLUMN c int; UPDATE t SET c = b + 1;",
        write="INSERT INTO t VALUES (2, 7); UPDATE t SET a = 9 WHERE id = 1",
        read="SELECT string_agg(c::text, ' ' ORDER BY id) FROM t", wanted="19 15",
    ),
    "row of nulls": Written(
        before=COMPOSITE + TWO.format("comp"), migration=RENAME,
        write="INSERT INTO t (id, n) VALUES (1, '(,)')",
        read="SELECT o::text || n FROM t", wanted="(,)(,)",
    ),
    "domain with a default": Written(
        before=DOMAIN + TWO.format("dm"), migration=RENAME,
        write="INSERT INTO t (id, o) VALUES (1, 'hello')",
        read="SELECT o || n FROM t", wanted="hellohello",
    ),
    "integer": back("integer", "text", "'2147483647'", "2147483647", "o::text"),
    "least integer": back("integer", "text", "'-2147483648'", "-2147483648", "o::text"),
    "beyond integer": back("integer", "text", "'2147483648'", None, "o::text"),
    "smallint": back("smallint", "text", "'32767'", "32767", "o::text"),
    "bigint": back("bigint", "text", "'9223372036854775807'", "9223372036854775807", "o::text"),
    "beyond bigint": back("bigint", "text", "'9223372036854775808'", None, "o::text"),
    "no number": back("bigint", "text", "''", None, "o::text"),
    "NaN": back("numeric(6,2)", "numeric", "'NaN'", "NaN", "o::numeric"),
    "infinity": back("numeric(6,2)", "numeric", "'Infinity'", None, "o::numeric"),
    "small scale": back("numeric(3,3)", "numeric", "1", None, "o::numeric"),
    "numeric to integer": back("integer", "numeric", "'NaN'", None, "o::numeric"),
}  # fmt: skip
REFUSED = {
    "clock": (
        TWO.format("timestamptz"),
        "ALTER TABLE t ADD COLUMN n timestamptz;\n-- zdm: reverse o = n\n"
        "UPDATE t SET n = coalesce(o, now()); ALTER TABLE t DROP COLUMN o;",
        "gives a different value each time",
    ),
    "clock as a word": (
        TWO.format("timestamptz"),
        "ALTER TABLE t ADD COLUMN n timestamptz;\n-- zdm: reverse o = n\n"
        "UPDATE t SET n = coalesce(o, 'now'::timestamptz); ALTER TABLE t DROP COLUMN o;",
        "gives a different value each time",
    ),
    "user": (
        TWO.format("text"),
        "UPDATE t SET o = current_user WHERE o IS NULL; ALTER TABLE t ALTER o SET NOT NULL;",
        "asks for the session's user or settings",
    ),
    "setting": (
        TWO.format("text"),
        "ALTER TABLE t ADD COLUMN n text; UPDATE t SET n = current_setting('app.tenant');",
        "asks for the session's user or settings",
    ),
    "usage": (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE SCHEMA util;"
        + NORM.replace("norm", "util.norm")
        + USERS,
        FILL.format("util.norm(email)"),
        "session_app writes app.users and lacks USAGE ON SCHEMA",
    ),
    "execute": (
        NORM + "REVOKE ALL ON FUNCTION norm FROM PUBLIC;" + USERS,
        FILL.format("norm(email)"),
        "session_app writes app.users and lacks EXECUTE ON FUNCTION",
    ),
    "other table": (
        "CREATE TABLE rates (n text); CREATE FUNCTION rate(t text) RETURNS text LANGUAGE sql"
        " IMMUTABLE AS $$ SELECT t || n FROM rates $$;" + USERS,
        FILL.format("rate(email)"),
        "reads rates",
    ),
    "jsonb to json": (
        TWO.format("jsonb"),
        change("json", "o::json"),
        "no reverse conversion from json to jsonb is known",
    ),
}


@pytest.mark.parametrize("case", WRITTEN.values(), ids=WRITTEN)
def test_a_session_of_the_application_writes_what_a_batch_would(
    case: Written, server: Server
) -> None:
    assert written(case, server) == case.wanted


@on(14, 15, 16, 17)
@pytest.mark.parametrize("case", WRITTEN.values(), ids=WRITTEN)
def test_so_it_does_on_every_version(case: Written, every_server: Server) -> None:
    assert written(case, every_server) == case.wanted


def written(case: Written, server: Server) -> object:
    with fresh_database(server) as url, connection.connect(url, name="tests") as own:
        own.execute((ROLES + case.before).encode())
        for step in planned(url, case.migration).steps:
            if step.phase in (Phase.EXPAND, Phase.BACKFILL):
                run(own, step)
        with connection.connect(url, name="tests") as app:
            app.execute(f"{case.session}; SET ROLE session_app; {case.write}".encode())
        row = own.execute(case.read.encode()).fetchone()
        return row and row[0]


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_no_session_may_decide_is_refused(
    case: tuple[str, str, str], server: Server
) -> None:
    before, migration, wanted = case
    with fresh_database(server) as url, connection.connect(url, name="tests") as own:
        own.execute((ROLES + before).encode())
        with pytest.raises(TrainRefusedError) as refused:
            planned(url, migration)

    assert wanted in refused.value.findings[0].message


@pytest.mark.parametrize(
    "before", [TWO.format("text DEFAULT 'new'"), DOMAIN + TWO.format("dm")]
)
def test_an_explicit_null_that_becomes_the_default_is_in_the_plan(
    before: str, server: Server
) -> None:
    with fresh_database(server) as url, connection.connect(url, name="tests") as own:
        own.execute((ROLES + before).encode())
        plan = planned(url, RENAME)

    assert any("explicit NULL" in hazard.message for hazard in plan.hazards)


def test_a_widened_value_is_no_difference(server: Server) -> None:
    with fresh_database(server) as url, connection.connect(url, name="tests") as own:
        own.execute((ROLES + TWO.format("int")).encode())
        plan = planned(url, change("bigint"))

    (fill,) = (step for step in plan.steps if isinstance(step, Backfill))
    assert not verify.is_comparable(fill)
