import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, NEW_ONLY, Phase, RunSql
from zdm.model.schema import Column

ADD = "ALTER TABLE users ADD CONSTRAINT k CHECK (name <> '');"
NEW = "ALTER TABLE users ADD COLUMN age int;"


def test_it_waits_for_the_contract_since_the_old_version_may_break_it() -> None:
    answer = ask(ADD)

    assert answer.slugs == ["add_check"]
    assert answer.phases == ["contract", "contract"]
    assert {step.serves for step in answer.steps} == {NEW_ONLY}
    assert answer.sql == [
        "ALTER TABLE public.users ADD CONSTRAINT k CHECK (name <> '') NOT VALID",
        'ALTER TABLE "public"."users" VALIDATE CONSTRAINT "k"',
    ]


def test_rows_that_break_it_are_looked_for_before_each_step_and_named_by_key() -> None:
    for step in ask(ADD).steps:
        assert isinstance(step, RunSql)
        (check,) = step.preconditions

        assert check.sql.endswith("WHERE (name <> '') IS FALSE)")
        assert check.rows.startswith("SELECT 'id = ' || c.\"id\"::text FROM")


def test_rows_of_a_table_without_a_key_are_named_by_their_place() -> None:
    table = schemas.users(constraints=(), indexes=())
    first = ask(ADD, schemas.snapshot(table)).steps[0]

    assert isinstance(first, RunSql)
    assert "c.ctid" in first.preconditions[0].rows


def test_of_columns_that_the_train_adds_it_is_there_before_the_rollout() -> None:
    answer = ask(NEW + "ALTER TABLE users ADD CHECK (age > 0);")

    assert answer.slugs == ["add_column", "add_check"]
    assert answer.phases == ["expand", "validate", "validate"]
    assert {step.serves for step in answer.steps[1:]} == {BOTH}
    assert "users_age_check" in answer.sql[1]


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (NEW + "ALTER TABLE users ADD CHECK (age > 0 OR name <> '');", "another column"),
        (NEW + "ALTER TABLE users ADD CHECK (age IS NOT NULL);", "NULL breaks it"),
        ("ALTER TABLE users ADD age int DEFAULT 0; ALTER TABLE users ADD CHECK (age > 0);",
         "the default may break it"),
        (NEW + "UPDATE users SET age = id; ALTER TABLE users ADD CHECK (age > 0);",
         "the train fills it"),
        ("ALTER TABLE users ADD age int DEFAULT 0; ALTER TABLE users ALTER age DROP DEFAULT;"
         "ALTER TABLE users ADD CHECK (age > 0);", "it has a default until the contract"),
        (NEW + "UPDATE users SET age = 1 WHERE email = 'x';"
         "ALTER TABLE users ADD CHECK (age > 0);", "the train writes it"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)  # fmt: skip
def test_else_it_waits(train: str, why: str) -> None:
    del why
    answer = ask(train)

    assert answer.refusals == ()
    assert answer.phases[-2:] == ["contract", "contract"]


@pytest.mark.parametrize(
    "later",
    ["UPDATE users SET age = 1 WHERE id = 3;", "ALTER TABLE users ALTER age SET DEFAULT 0;"],
)
def test_it_waits_where_a_later_statement_gives_the_column_a_value(later: str) -> None:
    answer = ask(NEW + "ALTER TABLE users ADD CHECK (age > 0);" + later)
    check = [step.phase for step in answer.steps if step.operation == "add_check"]

    assert check == [Phase.CONTRACT, Phase.CONTRACT]


def test_one_that_its_author_leaves_not_valid_stays_so() -> None:
    answer = ask(ADD.replace(";", " NOT VALID;"))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.preconditions == ()
    assert "cannot be updated in any column" in answer.hazards[0].message
    assert answer.operations[0].title.endswith(", NOT VALID")


def test_a_later_validate_belongs_to_it() -> None:
    later = "CREATE INDEX i ON users (name); ALTER TABLE users VALIDATE CONSTRAINT k;"
    answer = ask(ADD.replace(";", " NOT VALID;") + later)

    assert answer.slugs == ["add_check", "create_index"]
    assert [text for text in answer.sql if "VALIDATE" in text]


@pytest.mark.parametrize(
    "between",
    ["ALTER TABLE users RENAME CONSTRAINT k TO l;", "ALTER TABLE users DROP CONSTRAINT k;"],
)
def test_a_validate_of_another_constraint_does_not(between: str) -> None:
    later = between + "ALTER TABLE users VALIDATE CONSTRAINT k;"
    answer = ask(ADD.replace(";", " NOT VALID;") + later)

    assert len(answer.operations[0].title) > 0
    assert answer.operations[0].title.endswith(", NOT VALID")


def test_what_would_fail_is_refused() -> None:
    gone = "ALTER TABLE users ADD CHECK (gone > 0); ALTER TABLE gone ADD CHECK (a > 0);"
    answer = ask(ADD + ADD + gone)

    assert answer.refusals == (
        "users already has a constraint k, so this statement would fail",
        "users has no column gone, so this statement would fail",
        "there is no table gone in the schema, so this statement would fail",
    )


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE users ADD CHECK (users IS NOT NULL);",
     "ALTER TABLE users ADD CHECK (name <> '') NOT ENFORCED;"],
)  # fmt: skip
def test_what_zdm_cannot_follow_has_no_plan(statement: str) -> None:
    assert "no safe plan" in ask(statement).refusals[0]


def test_a_column_with_the_name_of_the_table_is_a_column() -> None:
    table = schemas.users(Column(name="users", type="int"))
    answer = ask("ALTER TABLE users ADD CHECK (users > 0);", schemas.snapshot(table))

    assert answer.slugs == ["add_check"]
