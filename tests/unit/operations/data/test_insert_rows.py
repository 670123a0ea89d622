import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import Irreversible, RunSql
from zdm.model.schema import Constraint, Function, Name, Snapshot, Volatility

INSERT = "INSERT INTO users (id, email) VALUES (1, 'a') ON CONFLICT DO NOTHING;"


def test_rows_that_are_written_out_are_inserted_once() -> None:
    answer = ask(INSERT)
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.sql == (INSERT.removesuffix(";"),)
    assert step.probe == ""
    assert step.in_transaction
    assert isinstance(step.undo, Irreversible)
    assert answer.operations[0].title == "insert rows into users"
    assert "a rollback does not delete them" in answer.hazards[0].message
    assert answer.after == schemas.snapshot(schemas.users())


def test_the_parents_of_its_foreign_keys_are_locked() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="",
        references=Name("public", "teams"),
    )
    teams = schemas.users(name=Name("public", "teams"))
    answer = ask(INSERT, schemas.snapshot(schemas.users(constraints=(key,)), teams))

    assert [(lock.table.name, lock.mode) for lock in answer.steps[0].locks] == [
        ("teams", LockMode.ROW_SHARE),
        ("users", LockMode.ROW_EXCLUSIVE),
    ]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO users SELECT * FROM gone;", "not known to be few"),
        ("INSERT INTO users SELECT generate_series(1, 9);", "not known to be few"),
        ("INSERT INTO users SELECT n FROM generate_series(1, 9) AS n;", "not known to be few"),
        (
            "INSERT INTO users SELECT * FROM (SELECT generate_series(1, 9)) AS n;",
            "not known to be few",
        ),
        (
            "INSERT INTO users WITH n AS (SELECT unnest('{1}'::int[])) SELECT * FROM n;",
            "not known to be few",
        ),
        (
            "INSERT INTO users WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 9) SELECT i FROM n;",
            "not known to be few",
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT"
            " INTO users SELECT i FROM n;",
            "not known to be few",
        ),
        (
            "WITH u AS (SELECT * FROM users) INSERT INTO users SELECT * FROM u;",
            "not known to be few",
        ),
        ("INSERT INTO users SELECT 1 UNION SELECT id FROM users;", "not known to be few"),
        (
            "INSERT INTO users SELECT id FROM (SELECT id FROM teams) AS t WHERE id = 1;",
            "not known to be few",
        ),
        (
            "INSERT INTO users (id) VALUES ((SELECT id FROM teams TABLESAMPLE SYSTEM (1)));",
            "not known to be few",
        ),
        ("INSERT INTO gone VALUES (1);", "there is no table gone"),
    ],
)
def test_rows_that_may_be_many_are_refused(sql: str, reason: str) -> None:
    answer = ask(sql, with_teams(None))

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users SELECT id FROM teams WHERE id > 1;",
        "INSERT INTO users SELECT id FROM teams WHERE email = 'a';",
        "INSERT INTO users SELECT b.id FROM teams AS a, teams AS b WHERE a.id = 1;",
        "INSERT INTO users SELECT b.id FROM teams AS a, teams AS b WHERE id = 1;",
    ],
)
def test_rows_that_may_be_many_come_back_if_batches_insert_them(sql: str) -> None:
    (refusal,) = ask(sql, with_teams(None)).refusals

    assert "insert again what an application deletes from users" in refusal


@pytest.mark.parametrize(
    ("sql", "count"), [(INSERT, 1), ("INSERT INTO users (id, email) VALUES (1, 'a');", 2)]
)
def test_rows_with_keys_that_cannot_be_inserted_again_are_a_hazard(
    sql: str, count: int
) -> None:
    hazards = ask(sql).hazards

    assert len(hazards) == count
    assert ("a second run may fail" in hazards[-1].message) == (count == 2)


@pytest.mark.parametrize(
    ("sql", "doubles"),
    [
        ("INSERT INTO users (email) VALUES ('a');", True),
        ("INSERT INTO users (id, email) VALUES (DEFAULT, 'a');", True),
        ("INSERT INTO users (id, email) VALUES (nextval('s'), 'a');", True),
        ("INSERT INTO users (id, email) VALUES (1, 'a'), (DEFAULT, 'b');", True),
        ("INSERT INTO users (email) VALUES ('a') ON CONFLICT DO NOTHING;", True),
        ("INSERT INTO users (email) SELECT 'a';", True),
        ("INSERT INTO users DEFAULT VALUES;", True),
        ("INSERT INTO users VALUES (1, 'a');", False),
        ("INSERT INTO users (id, email) SELECT 1, 'a';", False),
        ("INSERT INTO users (id, email) VALUES ((SELECT 1), 'a');", False),
    ],
)
def test_rows_whose_keys_the_table_makes_are_inserted_again_by_a_second_run(
    sql: str, doubles: bool
) -> None:
    said = [h.message for h in ask(sql).hazards]

    assert any("inserts them once more" in one for one in said) is doubles
    assert any("may fail" in one for one in said) is not doubles


@pytest.mark.parametrize(
    ("sets", "again"),
    [
        ("name = users.name || 'x'", True),
        ("name = excluded.name", False),
        ("name = 'x'", False),
    ],
)
def test_an_insert_that_changes_what_is_there_does_it_again(sets: str, again: bool) -> None:
    sql = f"INSERT INTO users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET {sets};"
    said = [h.message for h in ask(sql).hazards]

    assert any("once more" in one for one in said) is again


@pytest.mark.parametrize("returns", ["SETOF integer", "TABLE(n integer)"])
def test_a_function_of_the_schema_may_give_many_rows(returns: str) -> None:
    function = Function(
        name=Name("public", "many"),
        arguments="",
        definition=f"CREATE OR REPLACE FUNCTION public.many()\n RETURNS {returns}\n AS ''",
        language="sql",
        volatility=Volatility.IMMUTABLE,
    )
    found = ask(
        "INSERT INTO users SELECT many();",
        schemas.snapshot(schemas.users(), functions=(function,)),
    )

    assert "not known to be few" in found.refusals[0]


def with_teams(rows: int | None) -> Snapshot:
    teams = schemas.users(name=Name("public", "teams"), rows=rows)
    return schemas.snapshot(schemas.users(), teams)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users (id) SELECT 1;",
        "INSERT INTO users (id) SELECT 1 WHERE NOT EXISTS (SELECT FROM users WHERE id = 1);",
        "INSERT INTO users (id) VALUES ((SELECT max(id) FROM users));",
        "INSERT INTO users (id) SELECT v.id FROM (VALUES (1), (2)) AS v (id);",
        "INSERT INTO users (id) VALUES ((SELECT id FROM teams WHERE email = 'a' LIMIT 1));",
        "INSERT INTO users (id) VALUES ((SELECT DISTINCT ON (email) id FROM teams));",
    ],
)
def test_rows_that_are_written_out_may_be_selected(sql: str) -> None:
    assert ask(sql, with_teams(None)).slugs == ["insert_rows"]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users (id, email) SELECT id + 9, 'x' FROM teams WHERE id = 1;",
        "INSERT INTO users (id) SELECT t.id + 9 FROM teams AS t WHERE t.id IN (1, 2);",
        "INSERT INTO users (id) SELECT 9 FROM teams a JOIN teams b ON true"
        " WHERE a.id = 1 AND b.id = 2 AND a.email = b.email;",
        "WITH t AS (SELECT * FROM teams WHERE id = 1) INSERT INTO users (id) SELECT 9 FROM t;",
        "INSERT INTO users (id) SELECT 9 FROM (SELECT * FROM teams WHERE id = 1) AS t;",
        "CREATE TABLE kept (id bigint); INSERT INTO kept SELECT id FROM teams WHERE id = 1;",
    ],
)
def test_rows_by_literal_keys_are_few_without_statistics(sql: str) -> None:
    answer = ask(sql, with_teams(None))

    assert not answer.refusals
    assert any("follow from teams" in h.message for h in answer.hazards) or "kept" in sql


@pytest.mark.parametrize(
    ("rows", "slugs"), [(None, []), (9_999, ["insert_rows"]), (10_000, [])]
)
def test_rows_of_small_tables_are_one_statement(rows: int | None, slugs: list[str]) -> None:
    answer = ask("INSERT INTO users SELECT id, email FROM teams;", with_teams(rows))

    assert answer.slugs == slugs
    assert any("follow from teams" in h.message for h in answer.hazards) == bool(slugs)


def test_small_tables_joined_each_with_each_may_be_many_rows() -> None:
    sql = "INSERT INTO users (id) SELECT a.id FROM teams AS a, teams AS b;"

    assert ask(sql, with_teams(1_000)).slugs == ["insert_rows"]
    assert ask(sql, with_teams(1_001)).refusals


def test_rows_that_exist_may_be_updated_instead() -> None:
    sql = "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET email = 'b';"
    answer = ask(sql)

    assert answer.slugs == ["insert_rows"]
    assert "overwrites rows" in answer.hazards[-1].message


@pytest.mark.parametrize("alias", ["b", "b(email, id)"])
def test_a_key_under_a_list_of_other_names_is_no_key(alias: str) -> None:
    sql = f"INSERT INTO users (id) SELECT 5 FROM teams AS {alias} WHERE id = 1;"

    assert bool(ask(sql, with_teams(None)).refusals) is (alias != "b")
