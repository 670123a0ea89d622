import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.locks import LockMode
from zdm.model.plan import NO_TIMEOUT, RunSql
from zdm.model.schema import Name, Table

NOTES = Name("public", "notes")
MAKE = "CREATE TABLE notes (id integer, body text, junk text);"


def after(sql: str) -> Table:
    found = ask(MAKE + sql).after.table(NOTES)
    assert found is not None
    return found


def last(answer: Answer) -> RunSql:
    step = answer.steps[-1]
    assert isinstance(step, RunSql)
    return step


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE notes ADD PRIMARY KEY (id), DROP COLUMN junk, ADD COLUMN n bigserial",
        "CREATE INDEX ON notes (body)",
        "INSERT INTO notes SELECT * FROM notes",
        "UPDATE notes SET id = id + 1",
        "DELETE FROM notes",
        "ALTER TABLE notes ALTER COLUMN body TYPE varchar(10)",
        "GRANT SELECT ON notes TO PUBLIC",
        "COMMENT ON COLUMN notes.id IS 'x'",
        "DROP TABLE notes",
        "ALTER TABLE notes ALTER COLUMN body SET DEFAULT 'x'",
    ],
)
def test_a_statement_about_a_new_table_runs_as_written(sql: str) -> None:
    answer = ask(MAKE + sql + ";")

    assert answer.slugs == ["create_table", "new_table_change"]
    assert last(answer).sql == (sql,)
    assert last(answer).locks == ()
    assert last(answer).undo == ()
    assert answer.hazards == ()
    assert answer.operations[1].title.endswith("on the new table notes")


def test_a_foreign_key_locks_the_table_in_use() -> None:
    answer = ask(
        MAKE + "ALTER TABLE notes ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES users (id);"
    )

    assert [(lock.table, lock.mode) for lock in last(answer).locks] == [
        (schemas.USERS, LockMode.SHARE_ROW_EXCLUSIVE)
    ]
    assert answer.after.table(NOTES).constraint("k")  # type: ignore[union-attr]


def test_a_concurrent_build_stays_one() -> None:
    step = last(ask(MAKE + "CREATE INDEX CONCURRENTLY i ON notes (body);"))

    assert not step.in_transaction
    assert step.lock_timeout == NO_TIMEOUT
    assert step.repair == ('DROP INDEX CONCURRENTLY IF EXISTS "public"."i"',)


@pytest.mark.parametrize(
    ("sql", "undo"),
    [
        ("RENAME TO texts", 'ALTER TABLE IF EXISTS "public"."texts" RENAME TO "notes"'),
        ("SET SCHEMA extra", 'ALTER TABLE IF EXISTS "extra"."notes" SET SCHEMA "public"'),
    ],
)
def test_a_moved_table_is_moved_back_by_undo(sql: str, undo: str) -> None:
    start = schemas.snapshot(schemas.users(), schemas=("extra", "public"))
    answer = ask(MAKE + f"ALTER TABLE notes {sql};", start)

    assert last(answer).undo == (undo,)
    assert answer.after.table(NOTES) is None
    assert len(answer.after.tables) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE notes SET body = u.email FROM users AS u;",
        "DELETE FROM notes USING users;",
    ],
)
def test_rows_are_not_copied_from_a_table_in_use(sql: str) -> None:
    answer = ask(MAKE + sql)

    assert len(answer.refusals) == 1
    assert "copies rows of users" in answer.refusals[0]


def test_columns_follow_every_statement() -> None:
    table = after(
        "ALTER TABLE notes ADD COLUMN n bigserial UNIQUE, ADD COLUMN IF NOT EXISTS id integer;"
        "ALTER TABLE notes DROP COLUMN junk;"
        "ALTER TABLE notes ALTER COLUMN body TYPE varchar(10);"
        "ALTER TABLE notes ALTER COLUMN body SET NOT NULL;"
        "ALTER TABLE notes ALTER COLUMN n DROP NOT NULL;"
        "ALTER TABLE notes RENAME COLUMN n TO number;"
    )

    assert [(c.name, c.type, c.not_null) for c in table.columns] == [
        ("id", "integer", False),
        ("body", "character varying(10)", True),
        ("number", "bigint", False),
    ]
    assert [(c.name, c.columns) for c in table.constraints] == [("notes_n_key", ("number",))]
    assert [i.keys for i in table.indexes] == [("number",)]


def test_constraints_and_indexes_follow_every_statement() -> None:
    table = after(
        "ALTER TABLE notes ADD PRIMARY KEY (id), ADD CHECK (id > 0);"
        "ALTER TABLE notes ADD CONSTRAINT u UNIQUE (id);"
        "ALTER TABLE notes DROP CONSTRAINT u;"
        "CREATE UNIQUE INDEX ON notes (lower(body), id);"
        "COMMENT ON TABLE notes IS 'x';"
    )

    assert {c.name for c in table.constraints} == {"notes_pkey", "notes_id_check"}
    assert {i.name for i in table.indexes} == {"notes_pkey", "notes_lower_id_idx"}
    assert table.column("id").not_null  # type: ignore[union-attr]
    assert table.comment == "x"


def test_a_table_that_is_dropped_again_is_gone() -> None:
    assert ask(MAKE + "DROP TABLE notes;").after.table(NOTES) is None


def test_truncate_of_a_new_table_takes_no_table_in_use_along() -> None:
    refers = "ALTER TABLE users ADD COLUMN note integer REFERENCES notes;"
    answer = ask(
        "CREATE TABLE notes (id integer PRIMARY KEY);" + refers + "TRUNCATE notes CASCADE;"
    )

    assert ask(MAKE + "TRUNCATE notes CASCADE;").slugs[-1] == "new_table_change"
    assert "CASCADE takes users along" in answer.refusals[0]


def test_a_table_that_its_foreign_key_points_at_must_be_there() -> None:
    key = "ALTER TABLE notes ADD FOREIGN KEY (n) REFERENCES users (id);"
    answer = ask("DROP TABLE users;" + MAKE + key)

    assert "there is no table users in the schema" in answer.refusals[0]
