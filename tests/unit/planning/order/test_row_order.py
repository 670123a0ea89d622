import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Name
from zdm.planning import classify, schedule

HERE = schemas.snapshot(
    schemas.users(rows=5), schemas.users(name=Name("public", "others"), rows=5)
)


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM others WHERE id = 1;"
        "INSERT INTO users (id) SELECT 7 WHERE NOT EXISTS (SELECT FROM others);",
        "DELETE FROM others WHERE id = 1;"
        "UPDATE users SET email = 'a' WHERE id IN (SELECT id FROM others);",
        "DELETE FROM users WHERE id IN (SELECT id FROM others);"
        "UPDATE others SET email = 'a' WHERE id = 1;",
    ],
)
def test_what_reads_rows_that_change_later_than_the_author_says_is_refused(sql: str) -> None:
    with pytest.raises(RefusedError, match="would run before"):
        planned(sql)


def test_what_the_phases_leave_in_order_is_planned() -> None:
    plan = planned(
        "UPDATE others SET email = 'a' WHERE id = 1;"
        "INSERT INTO users (id, email) SELECT id + 9, email FROM others;"
        "DELETE FROM users WHERE id IN (SELECT id FROM others);"
    )

    assert [step.phase for step in plan.steps if step.kind == "sql"] == [
        Phase.BACKFILL,
        Phase.BACKFILL,
        Phase.CONTRACT,
    ]


def test_rows_are_inserted_behind_the_update_before_them() -> None:
    plan = planned(
        "UPDATE users SET email = 'a' WHERE email = 'b'; INSERT INTO users VALUES (7, 'b');"
    )

    assert [step.operation for step in plan.steps[:2]] == ["update_rows", "insert_rows"]


@pytest.mark.parametrize(
    "copy",
    [
        "UPDATE users AS u SET email = o.email FROM others AS o WHERE o.id = u.id;",
        "INSERT INTO users SELECT id + 7, email FROM others;",
        "CREATE TABLE t (e text); INSERT INTO t SELECT lower(email) FROM others;",
        "CREATE TABLE t (i int, e text); INSERT INTO t SELECT * FROM others;",
    ],
)
def test_a_column_from_which_values_are_taken_is_not_dropped(copy: str) -> None:
    with pytest.raises(RefusedError, match="takes values from there"):
        planned(f"{copy} ALTER TABLE others DROP COLUMN email;")


def test_a_column_that_is_not_read_is_dropped() -> None:
    plan = planned(
        "INSERT INTO users (id) SELECT id + 7 FROM others;ALTER TABLE others DROP COLUMN email;"
    )

    assert [o.slug for o in plan.operations] == ["insert_rows", "drop_column"]
