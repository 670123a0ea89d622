import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.planning import classify, schedule

INSERT = "INSERT INTO users (id, name) VALUES (7, 'a') ON CONFLICT DO NOTHING;\n"
KEY = "ALTER TABLE users ADD UNIQUE (name);\n"
NOTHING_TO_DO = "ALTER TABLE users ALTER COLUMN id SET NOT NULL;\n"


def planned(sql: str) -> Plan:
    train, here = schemas.train(sql), schemas.snapshot(schemas.users(rows=5))
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


def test_an_insert_does_not_overtake_a_key_that_its_conflicts_count_on() -> None:
    with pytest.raises(RefusedError, match="counts on a key of"):
        planned(KEY + INSERT)


@pytest.mark.parametrize("sql", [INSERT + KEY, NOTHING_TO_DO + INSERT])
def test_others_are_planned(sql: str) -> None:
    assert planned(sql).steps
