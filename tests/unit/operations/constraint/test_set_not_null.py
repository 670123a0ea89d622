import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, RunSql
from zdm.model.schema import Column, Constraint

SET = "ALTER TABLE users ALTER COLUMN name SET NOT NULL;"
FILL = "UPDATE users SET name = 'nobody' WHERE name IS NULL;"


def test_a_fill_before_it_makes_one_operation() -> None:
    answer = ask(FILL + "CREATE INDEX i ON users (email);" + SET)
    trigger, fill = answer.steps[:2]

    assert answer.slugs == ["set_not_null", "create_index"]
    assert answer.phases[:6] == ["expand", "backfill", *["validate"] * 3, "contract"]
    assert fill.kind == "backfill"
    assert fill.differs == '"name" IS NULL'
    assert isinstance(fill.undo, Irreversible)
    assert trigger.serves == BOTH
    assert answer.operations[0].title == "make users.name NOT NULL after filling its NULLs"
    assert "becomes 'nobody'" in answer.hazards[0].message


def test_the_cost_of_the_fill_is_that_of_the_nulls() -> None:
    name = Column(name="name", type="text", null_fraction=0.1)
    table = schemas.users()
    with_statistics = schemas.users(columns=(*table.columns[:2], name))
    answer = ask(FILL + SET, schemas.snapshot(with_statistics))

    assert answer.steps[1].cost.rows == 10_000


def test_without_a_fill_it_waits_for_the_contract() -> None:
    answer = ask(SET)
    first = answer.steps[0]

    assert set(answer.phases) == {"contract"}
    assert isinstance(first, RunSql)
    assert first.preconditions[0].sql == (
        'SELECT NOT EXISTS (SELECT 1 FROM "public"."users" WHERE "name" IS NULL)'
    )
    assert {step.serves for step in answer.steps} == {NEW_ONLY}
    assert "nothing in the train fills them" in answer.hazards[0].message


@pytest.mark.parametrize(
    "first",
    [
        "UPDATE users SET name = 'nobody';",
        "UPDATE users SET name = 'nobody' WHERE email IS NULL;",
        "UPDATE users SET name = coalesce(name, 'x') WHERE name IS NULL;",
        FILL + "ALTER TABLE users ALTER name SET DEFAULT 'x';",
    ],
)
def test_another_update_is_not_fused(first: str) -> None:
    answer = ask(first + SET)

    assert "backfill" in answer.slugs
    assert answer.steps[-1].phase.value == "contract"


def test_a_validated_check_proves_it_at_once() -> None:
    check = Constraint(
        name="k", kind="check", columns=("name",), definition="CHECK ((name IS NOT NULL))"
    )
    answer = ask(SET, schemas.snapshot(schemas.users(constraints=(check,))))

    assert answer.phases == ["expand"]
    assert answer.hazards == ()


@pytest.mark.parametrize(
    "definition",
    ["CHECK ((name > 'a'))", "CHECK ((email IS NOT NULL))", "CHECK ((name IS NULL))"],
)
def test_another_check_proves_nothing(definition: str) -> None:
    check = Constraint(name="k", kind="check", columns=("name",), definition=definition)
    answer = ask(SET, schemas.snapshot(schemas.users(constraints=(check,))))

    assert set(answer.phases) == {"contract"}


def test_a_check_that_is_not_valid_proves_nothing() -> None:
    check = Constraint(
        name="k",
        kind="check",
        columns=("name",),
        definition="CHECK ((name IS NOT NULL)) NOT VALID",
        validated=False,
    )
    answer = ask(SET, schemas.snapshot(schemas.users(constraints=(check,))))

    assert set(answer.phases) == {"contract"}


def test_a_column_that_is_not_null_already_needs_nothing() -> None:
    answer = ask("ALTER TABLE users ALTER email SET NOT NULL;")

    assert answer.steps == ()
    assert answer.operations[0].title == "make users.email NOT NULL (already done)"


def test_afterwards_the_column_is_not_null() -> None:
    column = ask(SET).after.tables[0].column("name")

    assert column is not None
    assert column.not_null


def test_what_is_not_there_is_refused() -> None:
    answer = ask(
        "ALTER TABLE users ALTER missing SET NOT NULL; ALTER TABLE gone ALTER a SET NOT NULL;"
    )

    assert answer.refusals == (
        "users has no column missing, so this statement would fail",
        "there is no table gone in the schema, so this statement would fail",
    )


def test_a_column_renamed_from_one_that_is_not_null_is_proved_before_the_rollout() -> None:
    answer = ask(
        "ALTER TABLE users ADD address text; UPDATE users SET address = email;"
        "ALTER TABLE users ALTER address SET NOT NULL; ALTER TABLE users DROP COLUMN email;"
    )

    assert answer.slugs == ["rename_column", "set_not_null"]
    assert set(answer.phases[-3:]) == {"validate"}
