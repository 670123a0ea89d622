import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Name
from zdm.model.syntax import AddConstraint
from zdm.planning import classify, schedule, validated_later

ADD = "ALTER TABLE users ADD CONSTRAINT k CHECK (name <> '') NOT VALID;"
CORRECT = "UPDATE users SET name = 'a' WHERE name = '';"
VALIDATE = "ALTER TABLE users VALIDATE CONSTRAINT k;"


def planned(sql: str) -> Plan:
    train, here = schemas.train(sql), schemas.snapshot(schemas.users(rows=5))
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


@pytest.mark.parametrize(
    "correct",
    [
        CORRECT,
        f"UPDATE users SET email = 'x' WHERE id = 1; {CORRECT}",
        "DELETE FROM users WHERE name = '';",
        f"\n-- zdm: run in expand -- later\n{CORRECT}\n",
        f"\n-- zdm: run in contract -- later\n{CORRECT}\n",
    ],
)
def test_rows_are_corrected_before_a_constraint_that_is_validated_behind_it(
    correct: str,
) -> None:
    between, before = planned(ADD + correct + VALIDATE), planned(correct + ADD + VALIDATE)

    assert ids(between) == ids(before)
    assert [step.phase for step in between.steps[-2:]] == [Phase.CONTRACT, Phase.CONTRACT]


def test_what_the_old_version_writes_behind_the_update_is_corrected_too() -> None:
    assert any("once-more" in one for one in ids(planned(ADD + CORRECT + VALIDATE)))


@pytest.mark.parametrize(
    "between",
    [
        "COMMENT ON CONSTRAINT k ON users IS 'a';",
        "ALTER TABLE users ADD COLUMN extra text;",
    ],
)
def test_it_stays_where_more_than_rows_change_between(between: str) -> None:
    plan = planned(f"{ADD}\n{between}{VALIDATE}")

    assert plan.operations[0].origin[0].line == 1


@pytest.mark.parametrize(
    ("acts", "change", "place"),
    [
        ("ON DELETE CASCADE", "DELETE FROM users WHERE id > 5;", 0),
        ("ON DELETE SET NULL", "DELETE FROM users WHERE id > 5;", 0),
        ("", "DELETE FROM users WHERE id > 5;", 1),
        ("ON DELETE CASCADE", "DELETE FROM orders WHERE user_id > 5;", 1),
        ("ON UPDATE CASCADE", "UPDATE users SET id = id + 10 WHERE id > 5;", 0),
        ("ON UPDATE CASCADE", "DELETE FROM orders WHERE user_id > 5;", 1),
    ],
)
def test_a_key_that_acts_stays_above_what_it_acts_on(
    acts: str, change: str, place: int
) -> None:
    add = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users"
    train = schemas.train(
        f"{add} {acts} NOT VALID;\n{change}\nALTER TABLE orders VALIDATE CONSTRAINT k;"
    )
    orders = replace(schemas.users(), name=Name("public", "orders"))
    here = schemas.snapshot(orders, schemas.users(rows=5))
    moved = validated_later.moved(classify.actions(train, here), here)
    (added,) = (a for a in moved if isinstance(a.said, AddConstraint))

    assert moved.index(added) == place
