import json
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm
from zdm.postgres.session import connection

_TABLE = (
    "CREATE TABLE {table} (version_num varchar(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"
)
ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

section = context.config.get_section(context.config.config_ini_section)
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
INI = """
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = postgresql+psycopg://nowhere/shop
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}


def upgrade():
    {body}
"""
BODIES = [
    "op.execute('CREATE TABLE users (id bigint PRIMARY KEY, email text)')",
    "op.add_column('users', sa.Column('new_email', sa.Text))",
    "op.execute('UPDATE users SET new_email = email')",
    "op.drop_column('users', 'email')",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An Alembic environment with the seed example pending above its first revision."""
    versions = tmp_path / "migrations/versions"
    versions.mkdir(parents=True)
    (tmp_path / "migrations/env.py").write_text(ENV)
    (tmp_path / "alembic.ini").write_text(INI)
    (tmp_path / "zdm.toml").write_text('[alembic]\nini = "alembic.ini"\nbase = ["0001"]\n')
    down = None
    for number, body in enumerate(BODIES, 1):
        name = f"{number:04}"
        text = REVISION.format(revision=name, down=down, body=body)
        (versions / f"{name}_step.py").write_text(text)
        down = name
    return tmp_path


def test_pending_revisions_are_one_plan_that_is_checked_and_verified(
    zdm: Zdm, project: Path
) -> None:
    written = zdm("plan", "--no-verify", "-o", "plans/", "--format", "json")
    checked = zdm("plan", "--check")
    verified = zdm("verify", "plans/0004_step.yaml")
    plan = json.loads(written.out)

    assert written.code == 0, written.err
    assert [item["slug"] for item in plan["operations"]] == ["rename_column"]
    assert plan["stamp"]["from_heads"] == ["0001"]
    assert (project / "plans/0004_step.yaml").exists()
    assert (checked.code, verified.code) == (0, 0), checked.err + verified.err
    assert verified.err.startswith("verified on PostgreSQL ")


@pytest.mark.usefixtures("project")
def test_an_unknown_revision_is_an_input_error(zdm: Zdm) -> None:
    answer = zdm("plan", "--no-verify", "9999")

    assert (answer.code, answer.out) == (2, "")
    assert "9999" in answer.err


def test_a_refused_statement_refuses_the_whole_train(zdm: Zdm, project: Path) -> None:
    file = project / "migrations/versions/0004_step.py"
    file.write_text(file.read_text() + "    op.execute('TRUNCATE users CASCADE')\n")
    before = sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts)
    answer = zdm("plan", "--no-verify", "-o", "plans/")
    after = sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts)

    assert (answer.code, answer.out) == (3, "")
    assert "migrations/versions/0004_step.py:11:5: " in answer.err
    assert before == after


@pytest.mark.parametrize(
    "start",
    [
        ("", "", ()),
        ("", _TABLE.format(table="alembic_version"), ()),
        (", version_table='moved'", _TABLE.format(table="moved"), ()),
        ("", _TABLE.format(table="alembic_version"), ("a1", "b1")),
        (
            ", version_table_schema='ops'",
            _TABLE.format(table="alembic_version") + _TABLE.format(table="ops.alembic_version"),
            (),
        ),
        (", version_table_schema='ops'", "", ()),
    ],
    ids=[
        "no table",
        "empty",
        "empty under another name",
        "two heads",
        "beside another project's",
        "no table in a schema",
    ],
)
def test_a_plan_is_verified_and_run_whatever_its_version_table_holds(
    start: tuple[str, str, tuple[str, ...]], zdm: Zdm, project: Path, database: str
) -> None:
    options, tables, heads = start
    env = ENV.replace("connection=connection", f"connection=connection{options}")
    (project / "migrations/env.py").write_text(env)
    (project / "zdm.toml").write_text(
        f'[alembic]\nini = "alembic.ini"\nbase = {json.dumps(heads or ["base"])}\n'
    )
    versions = project / "migrations/versions"
    for file in versions.glob("*.py"):
        file.unlink()
    made = [(head, None, "pass") for head in heads]
    for name, down, body in (*made, ("last", heads or None, BODIES[1])):
        text = REVISION.format(revision=name, down=down, body=body)
        (versions / f"{name}.py").write_text(text)
    with connection.connect(database, name="tests") as conn:
        conn.execute("CREATE TABLE users (id bigint PRIMARY KEY, email text)")
        conn.execute(f"CREATE SCHEMA ops; {tables}".encode())
        for head in heads:
            conn.execute("INSERT INTO alembic_version VALUES (%s)", [head])

    planned = zdm("plan", "-o", "plans/first.yaml", "--database", database)
    again = zdm("verify", "plans/first.yaml", "--database", database)
    ran = zdm("execute", "plans/first.yaml", "--until", "backfilled", "--database", database)

    assert (planned.code, again.code, ran.code) == (0, 0, 0), planned.err + again.err + ran.err
    assert planned.err.startswith("verified on PostgreSQL ")


def test_a_plan_from_the_first_revision_is_verified_without_a_database(
    zdm: Zdm, project: Path, database: str
) -> None:
    """Its version table is there and empty, so only the plan says where it starts."""
    with connection.connect(database, name="tests") as conn:
        conn.execute(_TABLE.format(table="alembic_version").encode())
    (project / "zdm.toml").write_text('[alembic]\nini = "alembic.ini"\n')
    planned = zdm("plan", "-o", "plans/first.yaml", "--database", database)
    again = zdm("verify", "plans/first.yaml")

    assert (planned.code, again.code) == (0, 0), planned.err + again.err
