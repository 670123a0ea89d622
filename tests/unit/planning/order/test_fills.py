"""Fills whose order would be lost, since their triggers work side by side."""

import pytest

from tests.unit import schemas
from zdm.model.plan import Plan
from zdm.model.schema import Column
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

CODE = Column(name="code", type="character varying(20)")
OLD = Column(name="old", type="character varying(20)")


def planned(sql: str) -> Plan:
    snapshot, train = schemas.snapshot(schemas.users(CODE, OLD)), schemas.train(sql)
    found = classify.classify(train, snapshot)
    return schedule.plan(found, name="m", train=train, snapshot=snapshot)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (
            "UPDATE users SET code = 'archived' WHERE code = 'deleted';",
            "UPDATE users SET code = 'deleted' WHERE code = 'hidden';",
            "code",
        ),
        ("UPDATE users SET old = code;", "UPDATE users SET code = 'review';", "code"),
        (
            "UPDATE users SET code = 'a';",
            "UPDATE users SET old = 'b' WHERE code = 'c';",
            "code",
        ),
        (
            "ALTER TABLE users ADD d varchar(20); UPDATE users SET d = upper(code);",
            "UPDATE users SET d = btrim(d);",
            "d",
        ),
        (
            "ALTER TABLE users RENAME code TO c;",
            "ALTER TABLE users ADD d varchar(20); UPDATE users SET d = c;"
            " ALTER TABLE users DROP COLUMN c;",
            "c",
        ),
    ],
)
def test_fills_of_each_others_columns_are_refused_with_both_places(
    one: str, other: str, shared: str
) -> None:
    with pytest.raises(TrainRefusedError) as error:
        planned(f"{one}\n{other}")
    (finding,) = error.value.findings

    assert finding.slug == "fills_overlap"
    assert "(migration.sql:1:1)" in finding.message
    assert f"both use users.{shared}, " in finding.message
    assert finding.source is not None
    assert finding.source.line == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET code = lower(code); UPDATE users SET old = lower(old);",
        "ALTER TABLE users ADD c text; UPDATE users SET c = lower(code);"
        "ALTER TABLE users ADD d text; UPDATE users SET d = upper(code);",
    ],
)
def test_fills_that_share_only_what_they_read_are_planned(sql: str) -> None:
    fills = [step for step in planned(sql).steps if step.kind == "backfill"]

    assert len(fills) == 2


def test_the_remedy_is_planned() -> None:
    plan = planned("UPDATE users SET code = CASE WHEN old = 'x' THEN 'a' ELSE 'b' END;")

    assert [step.kind for step in plan.steps].count("backfill") == 1
