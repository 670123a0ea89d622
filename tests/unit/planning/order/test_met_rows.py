import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.planning import classify, schedule

LATE = "-- zdm: run in contract -- later\n"
SET = "UPDATE users SET name = 'b' WHERE name = 'a';\n"
INSERT = "INSERT INTO users (id, name) VALUES (7, 'a');\n"


def planned(sql: str) -> Plan:
    train, here = schemas.train(sql), schemas.snapshot(schemas.users(rows=5))
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


@pytest.mark.parametrize(
    "sql",
    [
        f"{LATE}{SET}UPDATE users SET name = 'c' WHERE id = 1;",
        f"{LATE}{SET}UPDATE users SET email = name WHERE id = 1;",
        f"{LATE}UPDATE users SET email = name;\n{SET}",
        f"{LATE}{SET}{INSERT}",
        f"{LATE}{INSERT}{SET}",
        f"{LATE}{INSERT}{INSERT.replace(';', ' ON CONFLICT DO NOTHING;')}",
    ],
)
def test_a_statement_before_the_rollout_does_not_overtake_one_of_the_contract(
    sql: str,
) -> None:
    with pytest.raises(RefusedError, match="both write the same rows"):
        planned(sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"{LATE}{SET}{LATE}{INSERT}",
        f"{SET}{LATE}{INSERT}",
        f"{LATE}{SET}UPDATE users SET email = '' WHERE id = 1;",
        f"{LATE}{INSERT}{INSERT.replace('7', '8')}",
    ],
)
def test_others_are_planned(sql: str) -> None:
    assert planned(sql).steps
