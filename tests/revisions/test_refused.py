"""What cannot be recorded is one clear error with its place, and nothing else is touched."""

import time
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest

from tests.revisions.projects import (
    ASYNC,
    Databases,
    How,
    Sample,
    recorded,
    sample,
)
from zdm.errors import InputError
from zdm.serialize import snapshot_file

USERS = 'op.execute("CREATE TABLE users (id int)")'
HARD_CODED = """
from alembic import context
from sqlalchemy import create_engine

engine = create_engine("{url}")
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


class Other:
    """Another database, with a table, which nobody may reach."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.dsn = databases.create("other")
        self.name = self.dsn.rpartition("/")[2]
        databases.run(self.dsn, "CREATE TABLE users (id int); INSERT INTO users VALUES (1)")
        self.before = self.fingerprint()
        self.position = len(self._log())

    def url(self, scheme: str = "postgresql") -> str:
        return self.dsn.replace("postgresql", scheme, 1)

    def fingerprint(self) -> str:
        return snapshot_file.fingerprint(self.databases.snapshot(self.dsn))

    def _log(self) -> list[str]:
        """The lines of the server's log about it: connections, statements, errors."""
        mark = uuid4().hex
        self.databases.run(self.databases.server.dsn, f"SELECT '{mark}'")
        directory = self.databases.server.log_directory
        assert directory is not None
        while mark not in (text := (directory / "server.csv").read_text()):
            time.sleep(0.01)
        return [line for line in text.splitlines() if f',"{self.name}",' in line]

    def assert_untouched(self) -> None:
        assert self._log()[self.position :] == []
        assert self.fingerprint() == self.before


def error(made: Sample, databases: Databases, how: How | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        recorded(made, databases, how)
    return caught.value


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_an_env_py_with_a_url_of_its_own_runs_on_the_shadow(
    driver: str, tmp_path: Path, databases: Databases
) -> None:
    other = Other(databases)
    text = HARD_CODED.format(url=other.url(f"postgresql+{driver}"))
    if driver == "asyncpg":
        url = 'context.config.get_main_option("sqlalchemy.url")'
        text = dedent(ASYNC).replace(url, repr(other.url("postgresql+asyncpg")))
    made = sample(tmp_path, env=text)
    made.revise("a1", 'op.execute("CREATE TABLE made (id int)")')

    train = recorded(made, databases)

    assert [s.sql for s in train.statements] == ["CREATE TABLE made (id int)"]
    other.assert_untouched()


DIRECT = {
    "psycopg": "import psycopg; psycopg.connect({url!r}).execute('DROP TABLE users')",
    "psycopg class": (
        "from psycopg import Connection as C; C.connect({url!r}).execute('DROP TABLE users')"
    ),
    "psycopg keywords": "import psycopg; psycopg.connect(dbname={name!r})",
    "psycopg2": "import psycopg2; psycopg2.connect({url!r})",
    "psycopg2 keywords": "from psycopg2 import connect; connect(database={name!r})",
    "asyncpg": "import asyncio, asyncpg; asyncio.run(asyncpg.connect({url!r}))",
    "asyncpg pool": (
        "import asyncio, asyncpg\n"
        "async def go():\n    async with asyncpg.create_pool({url!r}): pass\n"
        "asyncio.run(go())"
    ),
    "socket": "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)",
    "psql": "import subprocess; subprocess.run(['psql', {url!r}, '-c', 'DROP TABLE users'])",
    "a creator": (
        "import psycopg\n"
        "sa.create_engine('postgresql+psycopg://', creator=lambda: psycopg.connect({url!r}))"
        ".connect()"
    ),
    "hidden": (
        "import psycopg\ntry:\n    psycopg.connect({url!r})\nexcept Exception:\n    pass"
    ),
}


# In the plain suite one of each driver, and one that no driver knows of.
PLAIN = ("psycopg", "psycopg2", "asyncpg", "a creator", "hidden", "psql")


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(how, id=name, marks=() if name in PLAIN else pytest.mark.more)
        for name, how in DIRECT.items()
    ],
)
def test_a_revision_that_connects_by_itself_is_refused_and_reaches_nothing(
    how: str, tmp_path: Path, databases: Databases
) -> None:
    other = Other(databases)
    made = sample(tmp_path)
    made.revise("a1", how.format(url=other.dsn, name=other.name))

    refused = error(made, databases)

    assert "only the shadow may be reached" in refused.message
    assert "op.get_bind()" in refused.hint
    other.assert_untouched()


def test_a_connection_of_its_own_to_the_shadow_is_refused_too(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    body = (
        "import psycopg\nwith psycopg.connect() as own:\n    own.execute('CREATE TABLE b ()')"
    )
    made.revise("a1", body)

    assert "on a connection of its own" in error(made, databases).message


def test_the_child_has_no_secrets_and_urls_that_lead_to_the_shadow(
    tmp_path: Path, databases: Databases
) -> None:
    secrets = {
        "DATABASE_URL": "postgresql+psycopg://prod:secret@prod/app",
        "ZDM_DATABASE_URL": "postgresql://prod:secret@prod/app",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PGPASSWORD": "secret",
        "PGSERVICE": "prod",
        "KUBECONFIG": "/secret",
    }
    made = sample(tmp_path, environ=secrets)
    made.revise(
        "a1",
        """
        import os
        raise RuntimeError(sorted(k + "=" + v for k, v in os.environ.items() if k[0] != "L"))
        """,
    )

    message = error(made, databases).message

    assert "secret" not in message
    assert "prod" not in message
    assert "DATABASE_URL=postgresql+psycopg://postgres:" in message


def test_an_error_in_a_revision_has_its_line(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", "op.drop_table('nothing')")

    found = error(made, databases)

    assert found.message == (
        'migrations/versions/a1.py:10: UndefinedTable: table "nothing" does not exist,'
        " so revision a1 cannot be run"
    )


def test_a_plain_colon_is_explained(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS + "\nop.execute(\"SELECT 'at :noon'\")")

    found = error(made, databases)

    assert found.message.startswith("migrations/versions/a1.py:11: ")
    assert found.hint == (
        r"`:name` in the text of op.execute() is a parameter: write `\:` for a plain colon"
    )


def test_a_tenant_loop_is_refused_by_name(tmp_path: Path, databases: Databases) -> None:
    made = sample(
        tmp_path,
        env=dedent(
            """
            from alembic import context
            from sqlalchemy import create_engine, text

            engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
            for tenant in ("t1", "t2"):
                with engine.connect() as connection:
                    connection.execute(text(f"SET search_path TO {tenant}"))
                    connection.commit()
                    context.configure(connection=connection)
                    with context.begin_transaction():
                        context.run_migrations()
            """
        ),
    )
    made.revise("a1", USERS)

    found = error(made, databases, How(before="CREATE SCHEMA t1; CREATE SCHEMA t2"))

    assert found.message == (
        "env.py ran revision a1 2 times in one run (search_path: t1 and t2), so it would need a"
        " plan for each"
    )


def test_an_env_py_that_runs_nothing_is_an_error(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path, env="from alembic import context\n")
    made.revise("a1", USERS)

    assert "ran no migrations" in error(made, databases).message


def test_an_env_py_for_offline_mode_only_is_named(tmp_path: Path, databases: Databases) -> None:
    made = sample(
        tmp_path,
        env=dedent(
            """
            from alembic import context

            context.configure(dialect_name="postgresql", as_sql=True)
            with context.begin_transaction():
                context.run_migrations()
            """
        ),
    )
    made.revise("a1", USERS)

    assert "offline mode only" in error(made, databases).message


def test_an_env_py_that_exits_is_told_with_what_it_said(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, env="import sys\nsys.exit('set APP_ENV first')\n")
    made.revise("a1", USERS)

    assert error(made, databases).message == (
        "the process that runs the revisions ended with code 1: set APP_ENV first"
    )


def test_another_kind_of_database_is_refused(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path, env=HARD_CODED.format(url="sqlite:///app.db"))
    made.revise("a1", USERS)

    assert "opens a sqlite database" in error(made, databases).message
    assert not (tmp_path / "app.db").exists()


def test_a_revision_that_hangs_is_ended(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", "import time\ntime.sleep(60)")

    assert "did not finish within 0:00:05" in error(made, databases, How(seconds=5)).message


def test_a_directive_above_nothing_is_an_error(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS + "\n# zdm: run in expand -- why\nprint()")

    found = error(made, databases)

    assert found.message.startswith("migrations/versions/a1.py:11:5: this directive")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "op.execute('CREATE TABLE a (id int)')  # zdm: run in expand -- why",
            "this directive is not above a call",
        ),
        (
            "# -- zdm: run in expand -- why\nop.execute('CREATE TABLE a (id int)')",
            "is almost a directive",
        ),
        ("# zdm: hurry\nop.execute('CREATE TABLE a (id int)')", "is not a directive of zdm"),
        (
            "op.execute('CREATE TABLE a (id int);\\n-- zdm: run in expand -- why')",
            "a directive that is not above a statement",
        ),
        ("op.execute('-- zdm: run in expand\\nSELECT 1')", "has no reason"),
    ],
)
def test_a_directive_without_effect_is_an_error(
    tmp_path: Path, databases: Databases, body: str, said: str
) -> None:
    made = sample(tmp_path)
    made.revise("a1", body)

    found = error(made, databases)

    assert said in found.message
    assert found.message.startswith("migrations/versions/a1")


def test_a_statement_that_needs_superuser_is_told_to_be_privileged(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    raises = "DO $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'no'; END $$"
    made.revise("a1", f'op.execute("{raises}")')

    found = error(made, databases)

    assert "needs superuser, which the shadow does not give it: no" in found.message
    assert "`# zdm: privileged -- reason`" in found.hint


def test_what_needs_a_privileged_statement_is_told_so(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        "# zdm: privileged -- x\nop.execute('CREATE TYPE made AS ENUM ()')\n"
        "op.execute('CREATE TABLE a (m made)')",
    )

    assert "`# zdm: privileged -- reason`" in error(made, databases).hint


def test_a_server_whose_log_cannot_be_read_is_refused(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)

    assert "no log" in error(made, databases, How(log=False)).message


@pytest.mark.parametrize(
    ("distribution", "version", "said"),
    [
        ("sqlalchemy", "1.4.54", "has sqlalchemy 1.4.54, and recording revisions needs 2.0 or"),
        ("alembic", "1.9.4", "has alembic 1.9.4, and recording revisions needs 1.16 or newer"),
    ],
)
def test_a_library_that_is_too_old_is_named_with_the_version_that_is_needed(
    tmp_path: Path, databases: Databases, distribution: str, version: str, said: str
) -> None:
    site = tmp_path / "site" / f"{distribution}-{version}.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text(f"Name: {distribution}\nVersion: {version}\n")
    (tmp_path / "project").mkdir()
    made = sample(tmp_path / "project", environ={"PYTHONPATH": str(site.parent)})
    made.revise("0001", USERS)
    caught = error(made, databases)

    assert said in caught.message
    assert "`python` under [alembic]" in caught.hint


LOOPS = {
    "run": "asyncio.run(main())",
    "a runner": "with asyncio.Runner() as runner:\n    runner.run(main())",
    "a thread": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "ThreadPoolExecutor(1).submit(lambda: asyncio.run(main())).result()"
    ),
    "a running one or run": (
        "try:\n    asyncio.get_running_loop().create_task(main())\n"
        "except RuntimeError:\n    asyncio.run(main())"
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_an_env_that_starts_its_own_event_loop_is_recorded(
    tmp_path: Path, databases: Databases, loop: str
) -> None:
    env = dedent(ASYNC).replace("asyncio.run(main())", LOOPS[loop])
    url = "postgresql+asyncpg://nobody@nowhere.invalid/none"
    made = sample(tmp_path, url=url, env=env)
    made.revise("0001", USERS)

    assert recorded(made, databases)


@pytest.mark.parametrize(
    "loop", ["asyncio.create_task(main())", "asyncio.get_running_loop().create_task(main())"]
)
def test_an_env_that_expects_a_running_event_loop_is_told_to_start_one(
    tmp_path: Path, databases: Databases, loop: str
) -> None:
    env = dedent(ASYNC).replace("asyncio.run(main())", loop)
    made = sample(tmp_path, env=env)
    made.revise("0001", USERS)
    caught = error(made, databases)

    assert "RuntimeError: no running event loop" in caught.message
    assert "`asyncio.run(…)`" in caught.hint


def test_an_env_that_a_runner_of_its_own_calls_is_told_to_connect(
    tmp_path: Path, databases: Databases
) -> None:
    env = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
    made = sample(tmp_path, env=env)
    made.revise("0001", USERS)
    caught = error(made, databases)

    assert "KeyError: 'connection'" in caught.message
    assert 'config.attributes.get("connection")` is None' in caught.hint
