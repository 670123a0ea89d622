"""What the doctor says of a database: each thing in order and not, on a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from tests import case as cases
from tests import pgbouncer
from tests.unit import plans
from zdm.backfill.pacing import Pacing
from zdm.execute.clock import SystemClock
from zdm.execute.stop import StopFlag
from zdm.model.diagnosis import Diagnosis, Verdict
from zdm.model.locks import LockMode
from zdm.model.plan import TableLock
from zdm.model.release import RunState
from zdm.model.schema import Name
from zdm.postgres.doctor import checks
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection

USERS = Name("public", "users")


def examine(url: str, *tables: Name) -> dict[str, Diagnosis]:
    locks = tuple(TableLock(table=t, mode=LockMode.ACCESS_EXCLUSIVE) for t in tables)
    plan = plans.plan(plans.step(locks=locks)) if tables else None
    return {one.name: one for one in checks.examine(url, plan)}


def failed(found: dict[str, Diagnosis]) -> dict[str, str]:
    return {name: one.said for name, one in found.items() if one.verdict is Verdict.FAILED}


def named(url: str, name: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url, application_name=name)


def run_sql(url: str, *statements: str) -> None:
    with connection.connect(url, name="tests") as opened:
        for statement in statements:
            opened.execute(statement.encode())


@contextmanager
def role(database: str, *grants: str) -> Iterator[str]:
    """The URL of a role that owns nothing."""
    name = f"doctor_{uuid4().hex[:12]}"
    parts = urlsplit(database)
    place = parts.netloc.rpartition("@")[2]
    run_sql(
        database,
        f"CREATE ROLE {name} LOGIN PASSWORD 'doctor'",
        *(f"GRANT {grant} TO {name}" for grant in grants),
    )
    try:
        yield parts._replace(netloc=f"{name}:doctor@{place}").geturl()
    finally:
        run_sql(database, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_an_owner_on_a_fresh_database_fails_nowhere(database: str) -> None:
    found = examine(database)

    assert failed(found) == {}
    assert {name for name, one in found.items() if one.verdict is Verdict.WARNING} == {
        "idle transactions"
    }


def test_every_supported_version_answers_every_question(every_database: str) -> None:
    found = examine(every_database)

    assert failed(found) == {}
    assert found["server version"].verdict is Verdict.OK
    assert len(found) == 19


def test_a_server_that_does_not_answer_is_one_failed_check() -> None:
    found = examine("postgresql://127.0.0.1:1/shop?connect_timeout=2")

    assert list(failed(found)) == ["database"]
    assert len(found) == 1


def test_a_role_without_rights_gets_the_grants_that_it_needs(database: str) -> None:
    run_sql(database, "CREATE TABLE users (id int)", "CREATE TABLE products (id int)")
    with role(database) as url:
        found = examine(url, USERS)

    assert list(failed(found)) == ["right to create", "ownership", "right to see sessions"]
    assert found["ownership"].said.startswith("the role does not own public.users (of ")
    assert "products" not in found["ownership"].said
    assert found["right to see sessions"].remedy.startswith("GRANT pg_read_all_stats TO ")
    assert found["right to end sessions"].verdict is Verdict.WARNING


def test_the_grants_that_it_names_are_enough(database: str) -> None:
    owner = urlsplit(database).username or ""
    name = database.rpartition("/")[2]
    run_sql(database, "CREATE TABLE users (id int)")
    with role(
        database,
        f"CREATE ON DATABASE {name}",
        owner,
        "pg_read_all_stats",
        "pg_signal_backend",
    ) as url:
        found = examine(url, USERS)

    assert failed(found) == {}
    assert found["right to see sessions"].verdict is Verdict.OK
    assert found["right to end sessions"].verdict is Verdict.OK


def test_without_a_plan_a_foreign_table_is_a_warning(database: str) -> None:
    run_sql(database, "CREATE TABLE users (id int)")
    with role(database) as url:
        found = examine(url)

    assert found["ownership"].verdict is Verdict.WARNING


def test_a_role_that_may_only_read_is_told(database: str) -> None:
    with role(database) as url:
        name = urlsplit(url).username
        run_sql(database, f"ALTER ROLE {name} SET default_transaction_read_only = on")
        found = examine(url)

    assert "server role" in failed(found)


def test_an_invalid_index_is_named(database: str) -> None:
    run_sql(database, "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (1)")
    with pytest.raises(errors.UniqueViolation):
        run_sql(database, "CREATE UNIQUE INDEX CONCURRENTLY twice ON t (a)")
    found = examine(database)["invalid indexes"]

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith("twice: ")


def test_an_executor_at_work_is_named(database: str) -> None:
    executor = PostgresDatabase(database, SystemClock(), StopFlag(), Pacing.FULL)
    executor.claim(print)
    busy = examine(database)["executor lock"]
    executor.close()
    free = examine(database)["executor lock"]

    assert busy.verdict is Verdict.WARNING
    assert busy.said.startswith("another executor is running: process ")
    assert free.verdict is Verdict.OK


def test_an_unfinished_run_is_named(database: str) -> None:
    case = cases.ROOT / "rename_column/plain"
    plan = cases.plan(case, cases.prepare(database, case))
    cases.run(database, plan, until=RunState.EXPANDED)
    found = examine(database)["unfinished run"]

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith("run 1 of `plain` is expanded")


def test_a_prepared_transaction_is_named(database: str) -> None:
    run_sql(database, "CREATE TABLE t (a int)")
    with connection.connect(database, name="tests", autocommit=False) as opened:
        opened.execute("LOCK TABLE t")
        opened.execute("PREPARE TRANSACTION 'left over'")
    found = examine(database)["prepared transactions"]
    run_sql(database, "ROLLBACK PREPARED 'left over'")

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith("left over: ")


def test_a_slot_that_nobody_reads_is_named(database: str) -> None:
    slot = f"idle_{uuid4().hex[:8]}"
    run_sql(database, f"SELECT pg_create_physical_replication_slot('{slot}')")
    found = examine(database)["replication"]
    run_sql(database, f"SELECT pg_drop_replication_slot('{slot}')")

    assert found.verdict is Verdict.WARNING
    assert slot in found.said


def test_a_publication_is_named(database: str) -> None:
    run_sql(database, "CREATE PUBLICATION shop")
    found = examine(database)["replication"]

    assert found.verdict is Verdict.WARNING
    assert "the publication shop sends rows and no DDL" in found.said


def test_a_publication_of_all_tables_sends_the_journal_too(database: str) -> None:
    run_sql(database, "CREATE PUBLICATION everything FOR ALL TABLES")
    found = examine(database)["replication"]

    assert found.verdict is Verdict.WARNING
    assert "the publication everything sends all tables, those of schema `zdm`" in found.said
    assert "pg_dump --schema-only --schema=zdm" in found.remedy


def test_sessions_without_a_name_are_counted_by_role_and_client(database: str) -> None:
    user = urlsplit(database).username
    with psycopg.connect(database), psycopg.connect(database), named(database, "psql"):
        found = examine(database)["named sessions"]

    assert found.verdict is Verdict.WARNING
    assert f"2 unnamed (user {user}, from 127.0.0.1), 1 psql (user {user}, from" in found.said
    assert "PGAPPNAME" in found.remedy
    assert "`allowed_sessions`" in found.remedy
    assert '`sessions = "warn"`' in found.remedy


def test_sessions_that_hold_no_gate_are_in_order(database: str) -> None:
    with named(database, "zdm-app:v1/web"), named(database, "metabase 3"):
        named_ones = checks.examine(database, allowed_sessions=("metabase*",))[-1]
    with psycopg.connect(database):
        allowed = checks.examine(database, allowed_sessions=("",))[-1]
        warned = checks.examine(database, allowed_sessions=None)[-1]

    assert named_ones.said == "every session that is connected now names its version"
    assert allowed.verdict is warned.verdict is Verdict.OK
    assert '`sessions = "warn"` lets them pass' in warned.said


def test_a_name_that_every_release_has_names_no_version(database: str) -> None:
    with named(database, "zdm-app:new/web"):
        found = examine(database)["named sessions"]

    assert found.verdict is Verdict.WARNING
    assert "1 zdm-app:new/web (user" in found.said
    assert "`old` and `new` in [rollout]" in found.remedy


def test_a_role_without_rights_sees_unnamed_sessions_all_the_same(database: str) -> None:
    with role(database) as url, psycopg.connect(database):
        found = examine(url)["named sessions"]

    assert found.verdict is Verdict.WARNING
    assert "1 unnamed (user postgres)" in found.said


def test_a_policy_that_hides_rows_from_the_owner_is_named(database: str) -> None:
    run_sql(
        database,
        "CREATE TABLE users (id int)",
        "CREATE TABLE products (id int)",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
        "ALTER TABLE products ENABLE ROW LEVEL SECURITY",
    )
    with role(database) as url:
        name = urlsplit(url).username
        run_sql(database, *(f"ALTER TABLE {t} OWNER TO {name}" for t in ("users", "products")))
        found = examine(url)["row security"]
        of_products = examine(url, Name("public", "products"))["row security"]
        run_sql(database, found.remedy.partition(",")[0])
        after = examine(url)["row security"]

    assert found.verdict is Verdict.WARNING
    assert "policies hide rows of public.users from the role" in found.said
    assert of_products.verdict is after.verdict is Verdict.OK


def test_a_schema_zdm_that_is_not_ours_fails(database: str) -> None:
    run_sql(database, "CREATE SCHEMA zdm", "CREATE TABLE zdm.orders (id int)")
    found = examine(database)["right to create"]

    assert found.verdict is Verdict.FAILED
    assert "schema `zdm` holds what zdm did not make (orders)" in found.said


def test_settings_of_the_role_are_said(database: str) -> None:
    with role(database) as url:
        name = urlsplit(url).username
        run_sql(
            database,
            f"ALTER ROLE {name} SET statement_timeout = '5s'",
            f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '1min'",
        )
        found = examine(url)

    assert found["statement timeouts"].said.startswith("statement_timeout is 5s for this role")
    assert found["idle transactions"].verdict is Verdict.OK


@pytest.mark.more
def test_a_pooler_is_found(database: str) -> None:
    with pgbouncer.in_front_of(database, "transaction") as url:
        found = examine(url)

    assert found["pooler"].verdict is Verdict.FAILED
