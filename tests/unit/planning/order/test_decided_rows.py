import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Column, Name, View
from zdm.planning import classify, schedule

OTHERS = schemas.users(name=Name("public", "others"), rows=5)
SEEN = View(
    name=Name("public", "seen"),
    kind="view",
    definition="SELECT others.name FROM others",
    uses=((Name("public", "others"), "name"),),
)
TEXTS = tuple(Column(name=name, type="text") for name in ("email", "name"))
USERS = schemas.users(rows=5, columns=(Column(name="id", type="bigint", not_null=True), *TEXTS))
HERE = schemas.snapshot(USERS, OTHERS, views=(SEEN,))
GONE = "DELETE FROM users WHERE name = 'a' AND email IS NULL;"
BY_OTHERS = "DELETE FROM users WHERE name IN (SELECT others.name FROM others);"


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE users SET name = 'b' WHERE name = 'a' AND id > 3;{GONE}",
        f"UPDATE users SET email = 'b' WHERE id = 3;{GONE}",
        f"UPDATE users SET name = lower(name);{GONE}",
        f"UPDATE users SET name = 'a', email = '' WHERE id = 3;{GONE}",
        f"UPDATE users SET name = 'b' WHERE name IN ('a', 'c');{GONE}",
        f"UPDATE users SET name = 'b' WHERE name > 'a';{GONE}",
        f"UPDATE users SET name = lower(name) WHERE name = 'c';{GONE}",
        f"UPDATE others SET name = 'b' WHERE name = 'a';{BY_OTHERS}",
        "UPDATE others SET name = 'b' WHERE id = 1;\n-- zdm: run in contract -- later\n"
        "DELETE FROM users WHERE name IN (SELECT seen.name FROM seen);",
        "CREATE TABLE kept (id bigint); INSERT INTO kept SELECT id FROM others;"
        "DELETE FROM users WHERE NOT EXISTS (SELECT FROM kept WHERE kept.id = users.id);",
    ],
)
def test_a_delete_does_not_take_rows_that_an_earlier_statement_would_have_kept(
    sql: str,
) -> None:
    with pytest.raises(RefusedError, match="in the author's order they are kept"):
        planned(sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE users SET name = 'a' WHERE id = 3;{GONE}",
        f"UPDATE users SET name = 'a', email = NULL WHERE id = 3;{GONE}",
        f"UPDATE others SET email = 'b' WHERE email = 'a';{BY_OTHERS}",
        f"UPDATE users SET name = 'b' WHERE name = 'c';{GONE}",
        f"UPDATE users SET name = 'b' WHERE 'c' = users.name AND id > 3;{GONE}",
        f"UPDATE users SET email = 'b' WHERE name = 'c';{GONE}",
        "CREATE TABLE kept (id bigint); INSERT INTO kept VALUES (1), (2);"
        "DELETE FROM users WHERE NOT EXISTS (SELECT FROM kept WHERE kept.id = users.id);",
    ],
)
def test_what_only_adds_rows_to_those_that_are_deleted_is_planned(sql: str) -> None:
    plan = planned(sql)

    assert plan.steps[-1].phase is Phase.CONTRACT


def test_both_may_run_in_the_contract() -> None:
    keeps = "UPDATE users SET name = 'b' WHERE name = 'a' AND id > 3;"
    plan = planned(f"-- zdm: run in contract -- later\n{keeps}\n{GONE}")

    assert [step.operation for step in plan.steps[1:]] == ["as_written", "delete_rows"]
