"""`zdm guard` as a program in front of an application, on a real journal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests import case as cases
from tests.cli.conftest import Zdm
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.postgres.session import connection

RENAME = cases.ROOT / "rename_column/plain"


@pytest.fixture
def plan(database: str) -> Plan:
    """The rename's plan from v1 to v2, on a database that stands at its start."""
    return cases.plan(RENAME, cases.prepare(database, RENAME))


def codes(zdm: Zdm, url: str) -> tuple[int, ...]:
    """The exit codes of the versions v1, v2 and v9."""
    return tuple(
        zdm("guard", "--version", version, "--database", url).code
        for version in ("v1", "v2", "v9")
    )


def test_a_database_without_a_journal_admits(zdm: Zdm, database: str) -> None:
    answer = zdm("guard", "--version", "v1", "--database", database)

    assert (answer.code, answer.out) == (0, "")
    assert answer.err == (
        "v1 is admitted: no run names v1, and none is unfinished, so nothing forbids it\n"
    )


def test_what_is_admitted_follows_the_run(zdm: Zdm, database: str, plan: Plan) -> None:
    found = []
    for until in (RunState.EXPANDED, RunState.BACKFILLED, RunState.DEPLOYED):
        cases.run(database, plan, until=until)
        found.append(codes(zdm, database))
    cases.run(database, plan)

    assert found == [(0, 75, 3), (0, 0, 3), (0, 0, 3)]
    assert codes(zdm, database) == (3, 0, 0)


def test_it_says_what_is_served_and_what_to_do(zdm: Zdm, database: str, plan: Plan) -> None:
    cases.run(database, plan)
    answer = zdm("guard", "--version", "v1", "--database", database)

    assert answer.err == (
        f"error: v1 is retired: run 1 of `{plan.name}` has contracted the schema to v2, so v1"
        " would read and write what is no longer there\n\n"
        "hint: start a newer version; only a later run that names it as its new version brings"
        " it back\n"
    )


def test_the_versions_of_a_resumed_run_are_those_it_is_resumed_with(
    zdm: Zdm, database: str, plan: Plan
) -> None:
    cases.run(database, plan, until=RunState.BACKFILLED)
    with connection.connect(database, name="tests") as opened:
        opened.execute("UPDATE zdm.run SET new_version = 'v1.9'")
    cases.run(database, plan, until=RunState.DEPLOYED)

    assert codes(zdm, database) == (0, 0, 3)


@contextmanager
def role(database: str, *grants: str) -> Iterator[str]:
    """The URL of a role that owns nothing."""
    name = f"app_{uuid4().hex[:12]}"
    parts = urlsplit(database)
    place = parts.netloc.rpartition("@")[2]
    with connection.connect(database, name="tests") as opened:
        opened.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'app'".encode())
        for grant in grants:
            opened.execute(f"GRANT {grant} TO {name}".encode())
        try:
            yield parts._replace(netloc=f"{name}:app@{place}").geturl()
        finally:
            opened.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def test_it_needs_no_more_than_the_grants_it_names(zdm: Zdm, database: str, plan: Plan) -> None:
    cases.run(database, plan, until=RunState.BACKFILLED)
    with role(database) as url:
        answer = zdm("guard", "--version", "v1", "--database", url)
    hint = answer.err.partition("hint: ")[2]
    grants = [part.strip() for part in hint.split(";")]
    with role(
        database, *(g.removeprefix("GRANT ").rpartition(" TO ")[0] for g in grants)
    ) as url:
        admitted = zdm("guard", "--version", "v1", "--database", url)

    assert answer.code == 3
    assert "permission denied for schema zdm" in answer.err
    assert len(grants) == 2
    assert admitted.code == 0, admitted.err


def test_rights_given_beforehand_hold_from_the_first_run_on(
    zdm: Zdm, database: str, plan: Plan
) -> None:
    """The recipe of docs/commands/guard.md."""
    with role(database) as url:
        name, owner = urlsplit(url).username, urlsplit(database).username
        with connection.connect(database, name="tests") as opened:
            for statement in (
                "CREATE SCHEMA zdm",
                f"GRANT USAGE ON SCHEMA zdm TO {name}",
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA zdm"
                f" GRANT SELECT ON TABLES TO {name}",
            ):
                opened.execute(statement.encode())
        before = zdm("guard", "--version", "v1", "--database", url)
        cases.run(database, plan, until=RunState.BACKFILLED)
        meanwhile = zdm("guard", "--version", "v2", "--database", url)

    assert (before.code, meanwhile.code) == (0, 0), meanwhile.err


def test_a_role_without_grants_is_admitted_where_there_is_no_journal(
    zdm: Zdm, database: str
) -> None:
    with role(database) as url:
        answer = zdm("guard", "--version", "v1", "--database", url)

    assert answer.code == 0


def test_a_journal_of_an_older_zdm_is_read(zdm: Zdm, database: str, plan: Plan) -> None:
    cases.run(database, plan)
    with connection.connect(database, name="tests") as opened:
        opened.execute("UPDATE zdm.journal SET version = 1")
    answer = zdm("guard", "--version", "v2", "--database", database)

    assert answer.code == 0, answer.err


def test_a_journal_of_a_newer_zdm_is_refused(zdm: Zdm, database: str, plan: Plan) -> None:
    cases.run(database, plan)
    with connection.connect(database, name="tests") as opened:
        opened.execute("UPDATE zdm.journal SET version = 99")
    answer = zdm("guard", "--version", "v2", "--database", database)

    assert answer.code == 3
    assert "has version 99" in answer.err


def test_a_database_that_does_not_answer_is_temporary(zdm: Zdm) -> None:
    answer = zdm("guard", "--version", "v1", "--database", "postgresql://127.0.0.1:1/shop")

    assert answer.code == 75


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no version"),
        pytest.param(["--version", "v1", "--wait", "soon"], id="no duration"),
        pytest.param(["--version", "v1", "--", "no-such-program"], id="no program"),
    ],
)
def test_unusable_input_is_said(zdm: Zdm, database: str, arguments: list[str]) -> None:
    answer = zdm("guard", "--database", database, *arguments)

    assert answer.code == 2


def guard(url: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "zdm", "guard", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ZDM_DATABASE_URL": url, **environment},
    )


def test_it_becomes_the_application_once_it_is_admitted(database: str) -> None:
    code = "import os, sys; print(os.getpid(), sys.argv[1:]); sys.exit(7)"
    with guard(
        database, "--", sys.executable, "-c", code, "--port", "80", ZDM_APP_VERSION="v1"
    ) as process:
        out, err = process.communicate()

    assert (process.returncode, out) == (7, f"{process.pid} ['--port', '80']\n"), err


def test_the_application_does_not_start_where_it_is_refused(
    database: str, plan: Plan, tmp_path: Path
) -> None:
    cases.run(database, plan)
    with guard(database, "--version", "v1", "--", "touch", str(tmp_path / "ran")) as process:
        process.communicate()

    assert process.returncode == 3
    assert not (tmp_path / "ran").exists()


def test_it_waits_until_the_schema_is_ready_and_says_why(database: str, plan: Plan) -> None:
    cases.run(database, plan, until=RunState.EXPANDED)
    with guard(database, "--version", "v2", "--wait", "1m") as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        cases.run(database, plan, until=RunState.BACKFILLED)
        rest = process.stderr.read()

    assert process.returncode == 0
    assert first == (
        f"waiting: v2 is too early: run 1 of `{plan.name}` is expanded and serves v1 until its"
        " backfills are verified\n"
    )
    assert rest.startswith(("waiting: ", "v2 is admitted: "))
    assert rest.endswith("is backfilled and serves v1 and v2\n")


def test_a_signal_ends_the_waiting(database: str, plan: Plan) -> None:
    cases.run(database, plan, until=RunState.EXPANDED)
    with guard(database, "--version", "v2", "--wait", "5m") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 75


def test_it_is_light(database: str) -> None:
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n"
        "from zdm.cli import main\n"
        "sys.argv = ['zdm', 'guard', '--version', 'v1']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ZDM_DATABASE_URL": database},
    )
    heavy = {"alembic", "sqlalchemy", "kubernetes", "sqlglot", "postgast", "yaml", "rich"}

    assert heavy & set(json.loads(done.stdout)) == set()
