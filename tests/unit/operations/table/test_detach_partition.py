import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Constraint, Name, Table

COLUMNS = (Column(name="id", type="bigint", not_null=True),)
EVENTS = Table(
    name=Name("public", "events"),
    kind="partitioned table",
    columns=COLUMNS,
    partition_key="RANGE (id)",
)
PART = Table(
    name=Name("public", "part"),
    columns=COLUMNS,
    partition_of=EVENTS.name,
    partition_bound="FOR VALUES FROM ('1') TO ('9')",
)
REST = replace(PART, name=Name("public", "rest"), partition_bound="DEFAULT")
DETACH = "ALTER TABLE events DETACH PARTITION part"


def test_it_is_concurrent_and_leaves_no_check() -> None:
    answer = ask(f"{DETACH};", schemas.snapshot(EVENTS, PART))
    step = answer.steps[0]

    assert answer.phases == ["contract", "contract"]
    assert isinstance(step, RunSql)
    assert not step.in_transaction
    assert step.repair == (
        'ALTER TABLE "public"."events" DETACH PARTITION "public"."part" FINALIZE',
    )
    assert answer.sql == [
        'ALTER TABLE "public"."events" DETACH PARTITION "public"."part" CONCURRENTLY',
        'ALTER TABLE "public"."part" DROP CONSTRAINT IF EXISTS "part_id_check"',
    ]
    assert answer.after.require_table(PART.name).partition_of is None


def test_no_check_is_dropped_of_what_is_dropped_then() -> None:
    answer = ask(f"{DETACH}; DROP TABLE part;", schemas.snapshot(EVENTS, PART))

    assert [step.title for step in answer.steps] == [
        "detach part from events",
        "drop table part",
    ]


def test_an_author_who_says_concurrently_keeps_the_check() -> None:
    answer = ask(f"{DETACH} CONCURRENTLY;", schemas.snapshot(EVENTS, PART))

    assert len(answer.steps) == 1


def test_beside_a_default_partition_it_is_plain() -> None:
    schema = schemas.snapshot(EVENTS, PART, REST)
    (step,) = ask(f"{DETACH};", schema).steps

    assert isinstance(step, RunSql)
    assert step.in_transaction
    assert {lock.mode for lock in step.locks} == {LockMode.ACCESS_EXCLUSIVE}
    assert [lock.table.name for lock in step.locks] == ["events", "part", "rest"]
    assert "DEFAULT partition" in ask(f"{DETACH} CONCURRENTLY;", schema).refusals[0]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"{DETACH} FINALIZE;", "which is a repair of one database"),
        ("ALTER TABLE part DETACH PARTITION events;", "events is no partition of part"),
        ("ALTER TABLE events DETACH PARTITION gone;", "no table gone"),
    ],
)
def test_what_would_fail_is_refused(sql: str, reason: str) -> None:
    assert reason in ask(sql, schemas.snapshot(EVENTS, PART)).refusals[0]


def test_a_referenced_table_is_refused() -> None:
    key = Constraint(
        name="fk", kind="foreign key", columns=("id",), definition="", references=EVENTS.name
    )
    users = schemas.users(constraints=(key,))
    answer = ask(f"{DETACH};", schemas.snapshot(EVENTS, PART, users))

    assert "foreign keys refer to events (fk of users)" in answer.refusals[0]
