"""Record mode: what each driver sends is captured as sent, with its place and transaction."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from tests import scratch
from tests.revisions.projects import (
    ASYNC,
    Databases,
    How,
    opened,
    places,
    recorded,
    sample,
    sync_env,
    texts,
)
from zdm.model.schema import Name
from zdm.model.statement import Setting, Stamp, Train
from zdm.postgres.server.provider import Wanted
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child
from zdm.revisions.record import Below, RecordRequest

EACH_DRIVER = pytest.mark.parametrize(
    "driver",
    ["psycopg", "psycopg2", "asyncpg", pytest.param("psycopg_async", marks=pytest.mark.more)],
)
OTHERS = ("psycopg2", "asyncpg", "psycopg_async")
USERS = 'op.execute("CREATE TABLE users (id serial PRIMARY KEY, note text)")'


def env(driver: str) -> str:
    return dedent(ASYNC) if driver in ("asyncpg", "psycopg_async") else sync_env()


EVERYTHING = r"""bind = op.get_bind()
if not sa.inspect(bind).has_table("users"):
    op.execute("CREATE TABLE users (id serial PRIMARY KEY, note text)")
for number in range(2):
    bind.execute(sa.text(f"UPDATE users SET note = 'n{number}' WHERE id = {number}"))
op.execute("UPDATE users SET note = '100%\t10\\:30' WHERE note LIKE 'a%'")
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY i ON users (note)")
users = sa.table("users", sa.column("id", sa.Integer), sa.column("note", sa.Text))
op.bulk_insert(users, [{"id": 1, "note": "it's"}])
"""


def check_everything(train: Train) -> None:
    """The statements of EVERYTHING, with place and transaction."""
    assert texts(train)[:-1] == [
        "CREATE TABLE users (id serial PRIMARY KEY, note text)",
        "UPDATE users SET note = 'n0' WHERE id = 0",
        "UPDATE users SET note = 'n1' WHERE id = 1",
        "UPDATE users SET note = '100%\t10:30' WHERE note LIKE 'a%'",
        "CREATE INDEX CONCURRENTLY i ON users (note)",
    ]
    assert texts(train)[-1].startswith("INSERT INTO users (id, note) VALUES (")
    assert "'it''s'" in texts(train)[-1]
    file = "migrations/versions/a1.py"
    assert places(train) == [
        (file, 12, 9),
        (file, 14, 9),
        (file, 14, 9),
        (file, 15, 5),
        (file, 17, 9),
        (file, 19, 5),
    ]
    assert [s.transaction for s in train.statements] == [0, 0, 0, 0, None, 1]
    assert {s.source.revision for s in train.statements} == {"a1"}
    assert train.stamp == Stamp(
        table=Name(schema="public", name="alembic_version"), from_heads=(), to_heads=("a1",)
    )
    assert train.notes == ()


@EACH_DRIVER
def test_bind_inspect_autocommit_block_loops_and_bulk_insert_are_captured_as_sent(
    driver: str, tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, url=f"postgresql+{driver}://somewhere/db", env=env(driver))
    made.revise("a1", EVERYTHING)

    check_everything(recorded(made, databases))


@pytest.mark.more
@pytest.mark.parametrize("major", [14, 15, 16, 17])
def test_every_major_version_says_the_same(major: int, tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a1", EVERYTHING)

    with scratch.throwaway(Wanted(major=major)) as server:
        assert server.major == major
        check_everything(recorded(made, Databases(server=server)))


@pytest.mark.parametrize(
    "driver", ["psycopg", *(pytest.param(d, marks=pytest.mark.more) for d in OTHERS)]
)
def test_each_row_of_an_executemany_is_a_statement_with_its_values(
    driver: str, tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, url=f"postgresql+{driver}://somewhere/db", env=env(driver))
    made.revise("a1", USERS)
    made.revise(
        "a2",
        """
        update = sa.text("UPDATE users SET note = :note WHERE id = :id")
        op.get_bind().execute(update, [{"id": 1, "note": "one"}, {"id": 2, "note": None}])
        """,
        down="a1",
    )

    train = recorded(made, databases, How(heads=("a1",)))

    words = [
        " ".join(text.replace("'1'", "1").replace("'2'", "2").split()) for text in texts(train)
    ]
    assert words == [
        "UPDATE users SET note = 'one' WHERE id = 1",
        "UPDATE users SET note = NULL WHERE id = 2",
    ]


@pytest.mark.parametrize(
    "driver", ["psycopg", pytest.param("psycopg2", marks=pytest.mark.more)]
)
def test_several_statements_of_one_execute_are_several_and_keep_their_bytes(
    driver: str, tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, url=f"postgresql+{driver}://somewhere/db", env=env(driver))
    made.revise(
        "a1", USERS + '\nop.execute("UPDATE users SET id = 1 ;  -- why\\n DELETE FROM users;")'
    )

    train = recorded(made, databases)

    assert texts(train)[1:] == ["UPDATE users SET id = 1 ", "DELETE FROM users"]
    assert [s.start for s in train.statements[1:]] == [0, 35]


def test_an_escaped_colon_arrives_plain(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS + "\nop.execute(r\"UPDATE users SET note = 'at \\:noon'\")")

    assert texts(recorded(made, databases))[1] == "UPDATE users SET note = 'at :noon'"


def test_pending_is_what_stands_above_the_heads_and_below_the_targets(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise("a2", 'op.execute("ALTER TABLE users ADD a int")', down="a1")
    made.revise("a3", 'op.execute("ALTER TABLE users ADD b int")', down="a2")
    made.revise("a4", 'op.execute("ALTER TABLE users ADD c int")', down="a3")

    train = recorded(made, databases, How(heads=("a1",), targets=("a3",)))

    assert texts(train) == ["ALTER TABLE users ADD a int", "ALTER TABLE users ADD b int"]
    assert [file.revision for file in train.files] == ["a2", "a3"]
    assert train.stamp is not None
    assert (train.stamp.from_heads, train.stamp.to_heads) == (("a1",), ("a3",))


def test_a_shadow_made_from_a_schema_is_stamped_before_recording(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, env=sync_env(options=', version_table="moved"'))
    made.revise("a1", USERS)
    made.revise("a2", 'op.execute("ALTER TABLE users ADD a int")', down="a1")

    train = recorded(made, databases, How(heads=("a1",), before="CREATE TABLE users (id int)"))

    assert texts(train) == ["ALTER TABLE users ADD a int"]
    assert train.stamp is not None
    assert train.stamp.table == Name(schema="public", name="moved")


def test_a_version_table_in_another_schema_is_named_in_the_stamp(
    tmp_path: Path, databases: Databases
) -> None:
    before = 'connection.execute(text("CREATE SCHEMA IF NOT EXISTS own")); connection.commit()'
    made = sample(tmp_path, env=sync_env(before, ', version_table_schema="own"'))
    made.revise("a1", USERS)

    train = recorded(made, databases)

    assert train.stamp is not None
    assert train.stamp.table == Name(schema="own", name="alembic_version")


def test_settings_that_env_py_makes_are_recorded_at_each_statement(
    tmp_path: Path, databases: Databases
) -> None:
    before = (
        "connection.execute(text(\"SET search_path TO t1; SET TimeZone TO 'Asia/Tokyo'\"));"
        " connection.commit()"
    )
    made = sample(tmp_path, env=sync_env(before))
    made.revise("a1", USERS)

    train = recorded(made, databases, How(before="CREATE SCHEMA t1"))

    assert texts(train) == ["CREATE TABLE users (id serial PRIMARY KEY, note text)"]
    assert train.statements[0].settings == (
        Setting(name="TimeZone", value="Asia/Tokyo"),
        Setting(name="search_path", value="t1"),
    )
    assert train.stamp is not None
    assert train.stamp.table == Name(schema="t1", name="alembic_version")


def test_timeouts_are_recorded_at_each_statement(tmp_path: Path, databases: Databases) -> None:
    before = "connection.execute(text(\"SET statement_timeout = '2min'\")); connection.commit()"
    made = sample(tmp_path, env=sync_env(before))
    made.revise("a1", USERS)
    made.revise(
        "a2",
        """
        op.execute("SET LOCAL lock_timeout = '1s'")
        op.execute("ALTER TABLE users ADD a int")
        op.execute("RESET lock_timeout")
        op.execute("ALTER TABLE users ADD b int")
        op.execute("SET lock_timeout = 0")
        op.execute("ALTER TABLE users ADD c int")
        """,
        down="a1",
    )

    train = recorded(made, databases)
    seen = {s.sql: s.timeouts for s in train.statements if s.sql.startswith("ALTER")}

    assert {timeouts.statement for timeouts in seen.values()} == {timedelta(minutes=2)}
    assert [timeouts.lock for timeouts in seen.values()] == [
        timedelta(seconds=1),
        None,
        timedelta(0),
    ]


def test_transaction_per_migration_gives_each_revision_its_own(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path, env=sync_env(options=", transaction_per_migration=True"))
    made.revise("a1", USERS)
    made.revise("a2", 'op.execute("ALTER TABLE users ADD a int")', down="a1")

    assert [s.transaction for s in recorded(made, databases).statements] == [0, 1]


def test_an_autocommit_block_that_commits_earlier_revisions_is_told(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise(
        "a2",
        """
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY i ON users (note)")
        """,
        down="a1",
    )

    ((source, note),) = recorded(made, databases).notes

    assert str(source) == "migrations/versions/a2.py:11:9"
    assert "earlier revisions included" in note


def test_a_read_of_rows_is_marked_data_dependent(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise(
        "a2",
        """
        for row in op.get_bind().execute(sa.text("SELECT id FROM users")):
            op.execute(f"UPDATE users SET note = '' WHERE id = {row[0]}")
        """,
        down="a1",
    )

    train = recorded(made, databases)

    assert len(train.statements) == 1
    ((source, note),) = train.notes
    assert str(source) == "migrations/versions/a2.py:10:16"
    assert note.startswith("data dependent: it reads rows of users")


def test_what_a_savepoint_undoes_is_left_out_and_told(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int)")
        try:
            with op.get_bind().begin_nested():
                op.execute("CREATE TABLE b (id int)")
                op.execute("CREATE TABLE a (id int)")
        except sa.exc.ProgrammingError:
            op.execute("CREATE TABLE c (id int)")
        """,
    )

    train = recorded(made, databases)

    assert texts(train) == ["CREATE TABLE a (id int)", "CREATE TABLE c (id int)"]
    assert [str(source) for source, _ in train.notes] == [
        "migrations/versions/a1.py:13:13",
        "migrations/versions/a1.py:14:13",
    ]


def test_commit_by_hand_ends_the_transaction(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path, url="postgresql+psycopg2://somewhere/db")
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int)")
        op.execute("COMMIT")
        op.execute("CREATE INDEX CONCURRENTLY i ON a (id)")
        op.execute("BEGIN")
        op.execute("CREATE TABLE b (id int)")
        """,
    )

    assert [(s.sql, s.transaction) for s in recorded(made, databases).statements] == [
        ("CREATE TABLE a (id int)", 0),
        ("CREATE INDEX CONCURRENTLY i ON a (id)", None),
        ("CREATE TABLE b (id int)", 1),
    ]


def test_a_statement_through_the_drivers_own_cursor_is_placed_at_upgrade(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int)")
        op.get_bind().connection.cursor().execute("CREATE TABLE b (id int)")
        """,
    )

    train = recorded(made, databases)

    assert texts(train) == ["CREATE TABLE a (id int)", "CREATE TABLE b (id int)"]
    assert places(train)[1] == ("migrations/versions/a1.py", 9, 1)


def test_a_select_that_acts_is_kept_and_one_that_only_computes_is_not(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE SEQUENCE s")
        op.execute("SELECT setval('s', 7)")
        op.execute("SELECT version(), now(), count(*) FROM pg_class")
        """,
    )

    assert texts(recorded(made, databases)) == ["CREATE SEQUENCE s", "SELECT setval('s', 7)"]


def test_a_directive_in_the_text_of_a_call_belongs_to_the_statement_below_it(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute('''
            CREATE TABLE a (id int);
            -- zdm: run in contract -- nobody reads it
            DROP TABLE a;
        ''')
        # zdm: run in expand -- nobody reads it
        op.execute(sa.text("-- zdm: privileged -- superuser\\nCREATE EXTENSION no_such"))
        """,
    )

    found = recorded(made, databases).statements

    assert [[d.kind for d in one.directives] for one in found] == [
        [],
        ["run in"],
        ["run in", "privileged"],
    ]
    assert found[2].sql == "CREATE EXTENSION no_such"


@pytest.mark.parametrize(
    "call",
    [
        "# zdm: privileged -- it needs superuser\nop.execute('CREATE EXTENSION no_such')",
        "op.execute(\n    # zdm: privileged -- it needs superuser\n"
        "    'CREATE EXTENSION no_such'\n)",
        "# zdm: privileged -- it needs superuser\n"
        "op.get_bind().exec_driver_sql('CREATE EXTENSION no_such')",
    ],
    ids=["above", "within", "driver"],
)
def test_a_privileged_statement_is_recorded_and_not_run(
    tmp_path: Path, databases: Databases, call: str
) -> None:
    made = sample(tmp_path)
    made.revise("a1", f"op.execute('CREATE TABLE a (id int)')\n{call}")

    found = recorded(made, databases).statements

    assert [one.sql for one in found] == ["CREATE TABLE a (id int)", "CREATE EXTENSION no_such"]
    assert [one.privileged for one in found] == [False, True]


def test_a_privileged_statement_below_the_train_is_not_run_either(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise("a1", "# zdm: privileged -- x\nop.execute('CREATE EXTENSION no_such')")
    made.revise("a2", "op.execute('CREATE TABLE a (id int)')", down="a1")

    assert texts(recorded(made, databases, How(heads=("a1",)))) == ["CREATE TABLE a (id int)"]


def test_a_directive_above_the_call_belongs_to_what_it_sends(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int)")
        # zdm: run in expand -- nobody reads it yet
        op.execute(
            "DROP TABLE a"
        )
        """,
    )

    first, second = recorded(made, databases).statements

    assert first.directives == ()
    assert [(d.argument, d.reason, d.source.line) for d in second.directives] == [
        ("expand", "nobody reads it yet", 11)
    ]


def test_old_values_are_kept_by_a_comment_above_the_call(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int)")
        # zdm: keep old values
        op.execute("UPDATE a SET id = 1")
        """,
    )

    _, second = recorded(made, databases).statements

    assert [directive.kind.value for directive in second.directives] == ["keep old values"]


def test_what_becomes_of_orphans_is_said_above_the_call(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise(
        "a1",
        """
        op.execute("CREATE TABLE a (id int PRIMARY KEY, up int)")
        # zdm: orphans null -- left by the old import
        op.create_foreign_key("k", "a", "a", ["up"], ["id"])
        """,
    )

    _, second = recorded(made, databases).statements

    assert [(d.kind.value, d.argument) for d in second.directives] == [("orphans", "null")]


def test_history_and_recording_share_one_process(tmp_path: Path, databases: Databases) -> None:
    made = sample(tmp_path)
    made.revise("a1", USERS)
    made.revise("a2", 'op.execute("ALTER TABLE users ADD a int")', down="a1")
    below, shadow = databases.create(), databases.create()

    with Child(made.project) as child:
        history = graph.history(child)
        record.apply_below(child, below, Below(history=history, heads=("a1",)))
        record.apply_below(child, shadow, Below(history=history, heads=("a1",)))
        train = record.record(
            child,
            RecordRequest(
                dsn=shadow,
                log_directory=databases.server.log_directory,
                history=history,
                heads=("a1",),
                stamped=True,
            ),
        )

    assert texts(train) == ["ALTER TABLE users ADD a int"]
    assert databases.snapshot(below).heads == ("a1",)


def test_a_baseline_stands_before_the_first_revision(
    tmp_path: Path, databases: Databases
) -> None:
    made = sample(tmp_path)
    made.revise("a1", 'op.execute("ALTER TABLE metrics ADD step int")')
    dsn = databases.create()

    with opened(made) as (child, history):
        record.apply_below(
            child,
            dsn,
            Below(
                history=history,
                heads=("a1",),
                sql="CREATE TABLE metrics (id int); CREATE TABLE runs (note text DEFAULT '%');",
                command=("sh", "-c", 'test -n "$ZDM_SHADOW_URL" && test "$PGPORT" -gt 1'),
            ),
        )

    assert [table.name.name for table in databases.snapshot(dsn).tables] == ["metrics", "runs"]
