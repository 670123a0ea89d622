import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan
from zdm.planning import classify, schedule

HERE = schemas.snapshot(schemas.users())
MADE = "CREATE TABLE names (owner bigint, email text); "
COPIED = "INSERT INTO names SELECT id, email FROM users; "


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        MADE + COPIED + "UPDATE names SET email = lower(email) WHERE owner > 3;",
        MADE + COPIED + "DELETE FROM names WHERE email = '';",
        MADE + COPIED + "INSERT INTO names VALUES (0, 'nobody');",
        MADE + "INSERT INTO names VALUES (0, 'nobody'); " + COPIED,
    ],
)
def test_another_statement_that_writes_the_copied_rows_is_refused(sql: str) -> None:
    with pytest.raises(RefusedError, match="copies rows into names in batches"):
        planned(sql)


def test_rows_that_are_there_before_are_known_by_a_unique_key() -> None:
    plan = planned(
        "CREATE TABLE names (owner bigint PRIMARY KEY, email text);"
        f"INSERT INTO names VALUES (0, 'nobody'); {COPIED}"
    )

    assert [step.operation for step in plan.steps][-2:] == ["copy_rows", "rollout"]


def test_a_copy_reads_what_the_fill_before_it_has_written() -> None:
    plan = planned(f"{MADE} UPDATE users SET email = 'a' WHERE email = 'b'; {COPIED}")
    fills = [step.operation for step in plan.steps if step.phase is Phase.BACKFILL]

    assert fills == ["backfill", "copy_rows"]


def test_a_copy_before_a_fill_of_what_it_reads_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"both use (public\.)?users\.email"):
        planned(f"{MADE} {COPIED} UPDATE users SET email = 'a' WHERE email = 'b';")
