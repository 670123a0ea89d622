"""From settings to a Train: where the schema below comes from, and that it is kept."""

import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.revisions.projects import Databases, Sample, sample, sync_env, texts
from tests.unit import schemas
from zdm.config.settings import AlembicSettings, Settings
from zdm.errors import InputError, RefusedError
from zdm.model.schema import Name
from zdm.revisions import network
from zdm.workflows import record_train

USERS = 'op.execute("CREATE TABLE users (id int)")'
MORE = 'op.execute("ALTER TABLE users ADD a int")'


@pytest.fixture
def made(tmp_path: Path) -> Sample:
    found = sample(tmp_path)
    found.revise("a1", USERS)
    found.revise("a2", MORE, down="a1")
    return found


def settings(made: Sample, *base: str) -> Settings:
    alembic = AlembicSettings(ini=made.folder / "alembic.ini", base=base)
    return Settings(root=made.folder, plans=made.folder, alembic=alembic)


def test_the_history_below_makes_the_start_and_is_kept(made: Sample) -> None:
    cold = record_train.run(settings(made, "a1"), (), None)
    warm = record_train.run(settings(made, "a1"), (), None)

    assert texts(cold[0]) == ["ALTER TABLE users ADD a int"]
    assert cold[1].heads == ("a1",)
    assert [column.name for table in cold[1].tables for column in table.columns] == ["id"]
    assert warm == cold


def test_a_snapshot_says_where_it_stands(made: Sample, databases: Databases) -> None:
    dsn = databases.create()
    databases.run(dsn, "CREATE TABLE users (id int)")
    databases.run(dsn, "CREATE TABLE alembic_version (version_num text)")
    databases.run(dsn, "INSERT INTO alembic_version VALUES ('a1')")
    snapshot = databases.snapshot(dsn)

    train, start = record_train.run(settings(made), (), snapshot)

    assert texts(train) == ["ALTER TABLE users ADD a int"]
    assert start == snapshot


def test_a_version_table_of_another_name_is_found_through_env_py(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, env=sync_env(options=', version_table="moved"'))
    made.revise("a1", USERS)
    made.revise("a2", MORE, down="a1")
    dsn = databases.create()
    databases.run(dsn, "CREATE TABLE users (id int); CREATE TABLE moved (version_num text)")
    databases.run(dsn, "INSERT INTO moved VALUES ('a1')")
    chosen = replace(settings(made), database=dsn)

    train, start = record_train.run(chosen, (), databases.snapshot(dsn))

    assert texts(train) == ["ALTER TABLE users ADD a int"]
    assert start.version_table == Name(schema="public", name="moved")
    assert [table.name.name for table in start.tables] == ["users"]


def test_base_means_that_everything_is_pending(made: Sample) -> None:
    train, start = record_train.run(settings(made, "base"), ("a1",), None)

    assert texts(train) == ["CREATE TABLE users (id int)"]
    assert start.tables == ()


def test_a_baseline_is_part_of_the_start(made: Sample) -> None:
    chosen = settings(made, "base")
    file = made.write("first.sql", "CREATE TABLE old (id int);")
    assert chosen.alembic is not None
    alembic = replace(chosen.alembic, baseline=file)

    _, start = record_train.run(replace(chosen, alembic=alembic), (), None)

    assert [table.name.name for table in start.tables] == ["old"]


def test_env_py_gets_the_variables_of_the_settings(made: Sample) -> None:
    made.write("migrations/env.py", "import os\nos.environ['APP_ENV']\n" + sync_env())
    chosen = settings(made, "a1")
    assert chosen.alembic is not None
    alembic = replace(chosen.alembic, environment=(("APP_ENV", "test"),))

    train, _ = record_train.run(replace(chosen, alembic=alembic), (), None)

    assert texts(train) == ["ALTER TABLE users ADD a int"]


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ((), "which revisions are pending is not known"),
        (("a2",), "nothing is pending above a2"),
        (("zz",), "revision `zz` is not in this history"),
    ],
    ids=["no base", "nothing", "unknown"],
)
def test_what_cannot_be_planned_is_said(
    base: tuple[str, ...], message: str, made: Sample
) -> None:
    with pytest.raises(InputError, match=message):
        record_train.run(settings(made, *base), (), None)


def test_a_database_without_a_version_table_is_told_to_be_stamped(made: Sample) -> None:
    start = schemas.snapshot(schemas.users())

    with pytest.raises(InputError, match="the database has no version table") as error:
        record_train.run(settings(made), (), start)

    assert "`alembic stamp REVISION`" in error.value.hint
    assert '`base = ["base"]` if it has none' in error.value.hint


CALLS = (
    "import os, sys; code = \"import socket; socket.create_connection(('127.0.0.1', {port}))\";"
    " ended = os.system(f'{{sys.executable}} -c \"{{code}}\"');"
    ' op.execute(f\'ALTER TABLE users ADD {{"cut_off" if ended else "reached"}} int\')'
)


def test_a_program_that_a_revision_starts_has_no_network(tmp_path: Path) -> None:
    """Where a namespace can be made; elsewhere docs/concepts/trust.md says what that means."""
    made = sample(tmp_path)
    made.revise("a1", USERS)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.revise("a2", CALLS.format(port=listener.getsockname()[1]), down="a1")
        train, _ = record_train.run(settings(made, "a1"), (), None)
    word = "cut_off" if network.cut_off() else "reached"

    assert texts(train) == [f"ALTER TABLE users ADD {word} int"]


def test_a_namespace_that_cannot_be_made_leaves_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert network.cut_off.__wrapped__() == ()


EXTENSION = 'op.execute("CREATE EXTENSION {}")'


def test_a_revision_creates_an_extension_of_the_list_if_it_is_not_there(
    tmp_path: Path,
) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise("a2", EXTENSION.format("IF NOT EXISTS pg_stat_statements"), down="a1")

    train, start = record_train.run(settings(made, "a1"), (), None)

    assert texts(train) == ["CREATE EXTENSION IF NOT EXISTS pg_stat_statements"]
    assert start.extensions == ()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pg_stat_statements", "write `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`"),
        ("file_fdw", 'add it with `shadow_extensions = ["file_fdw"]`'),
    ],
    ids=["on the list", "off the list"],
)
def test_an_extension_that_only_a_superuser_may_create_is_refused_with_what_helps(
    tmp_path: Path, name: str, hint: str
) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise("a2", EXTENSION.format(name), down="a1")
    with pytest.raises(RefusedError) as error:
        record_train.run(settings(made, "a1"), (), None)

    assert error.value.hint.startswith(hint)


def test_a_failure_names_what_the_shadow_does_not_have(
    made: Sample, databases: Databases
) -> None:
    dsn = databases.create()
    databases.run(
        dsn,
        "CREATE TYPE base; CREATE TABLE users (id int);"
        " CREATE TABLE alembic_version (version_num text);"
        " INSERT INTO alembic_version VALUES ('a2')",
    )
    made.revise("a3", 'op.execute("COMMENT ON TYPE base IS $$x$$")', down="a2")
    with pytest.raises(InputError, match=r"type public\.base \(only a superuser may"):
        record_train.run(settings(made), (), databases.snapshot(dsn))


LOOP = """
for id, labels in op.get_bind().execute(sa.text("SELECT id, labels FROM post")):
    for name in (labels or "").split(","):
        op.execute(sa.text("INSERT INTO label VALUES (:i, :n)").bindparams(i=id, n=name))
op.drop_column("post", "labels")
"""
POSTS = (
    'op.execute("CREATE TABLE post (id int, labels text);'
    ' CREATE TABLE label (id int, name text)")'
)


def looping(folder: Path, body: str) -> Settings:
    made = sample(folder)
    made.revise("a1", POSTS)
    made.revise("a2", body, down="a1")
    return settings(made, "a1")


def test_a_loop_over_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="reads rows of post") as caught:
        record_train.run(looping(tmp_path, LOOP), (), None)

    assert "INSERT INTO label VALUES" in caught.value.message
    assert "# zdm: nothing is lost -- reason" in (caught.value.hint or "")


def test_its_author_may_say_that_nothing_is_lost(tmp_path: Path) -> None:
    said = LOOP.replace("for id,", "# zdm: nothing is lost -- a job copies them\nfor id,", 1)
    train, _ = record_train.run(looping(tmp_path, said), (), None)

    assert texts(train) == ["ALTER TABLE post DROP COLUMN labels"]
    assert train.reads[0].accepted


def test_a_revision_that_fails_on_rows_is_refused(tmp_path: Path) -> None:
    body = 'assert not op.get_bind().execute(sa.text("SELECT id FROM post")).all()'
    with pytest.raises(RefusedError, match="reads rows of post"):
        record_train.run(
            looping(tmp_path, f"{body}\n{MORE.replace('users', 'post')}"), (), None
        )


def test_a_revision_that_reads_rows_and_sends_the_same_is_recorded(tmp_path: Path) -> None:
    body = 'print(op.get_bind().execute(sa.text("SELECT count(*) FROM post")).scalar())'
    train, _ = record_train.run(
        looping(tmp_path, f"{body}\n{MORE.replace('users', 'post')}"), (), None
    )

    assert texts(train) == ["ALTER TABLE post ADD a int"]


def test_the_directive_above_a_statement_that_reads_nothing_is_an_error(tmp_path: Path) -> None:
    body = f"# zdm: nothing is lost -- r\n{MORE.replace('users', 'post')}"
    with pytest.raises(InputError, match="has no effect"):
        record_train.run(looping(tmp_path, body), (), None)


def test_a_revision_that_loops_over_what_an_update_returns_is_refused(tmp_path: Path) -> None:
    body = """
for (id,) in op.get_bind().execute(sa.text("UPDATE post SET id = id RETURNING id")):
    op.execute(sa.text("INSERT INTO label VALUES (:i, 'x')").bindparams(i=id))
"""
    with pytest.raises(RefusedError, match="reads rows of post"):
        record_train.run(looping(tmp_path, body), (), None)


def test_rows_behind_a_view_count(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a1", POSTS)
    made.revise(
        "a2", 'op.execute("CREATE VIEW seen AS SELECT id, labels FROM post")', down="a1"
    )
    made.revise(
        "a3", LOOP.replace("FROM post", "FROM seen").rpartition("op.drop")[0], down="a2"
    )
    with pytest.raises(RefusedError, match="reads rows of seen"):
        record_train.run(settings(made, "a2"), (), None)


def test_what_differs_from_run_to_run_is_no_sign_of_rows(tmp_path: Path) -> None:
    body = """
import uuid
op.get_bind().execute(sa.text("SELECT id FROM post")).all()
op.execute(f"INSERT INTO label VALUES (1, '{uuid.uuid4()}')")
"""
    train, _ = record_train.run(looping(tmp_path, body), (), None)

    assert "INSERT INTO label VALUES" in texts(train)[0]


def test_a_revision_whose_rows_must_meet_a_new_check_is_recorded(tmp_path: Path) -> None:
    body = """
op.get_bind().execute(sa.text("SELECT id FROM post")).all()
op.execute("ALTER TABLE post ADD UNIQUE (id)")
op.execute("INSERT INTO post VALUES (11, 'of the revision')")
"""
    train, _ = record_train.run(looping(tmp_path, body), (), None)

    assert len(texts(train)) == 2


@pytest.mark.more
@pytest.mark.parametrize("major", [14, 18])
def test_a_loop_over_rows_is_refused_on_each_version(tmp_path: Path, major: int) -> None:
    chosen = replace(looping(tmp_path, LOOP), server_version=major)
    with pytest.raises(RefusedError, match="reads rows of post"):
        record_train.run(chosen, (), None)
