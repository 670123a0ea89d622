"""Steps that the phases put in an order in which they do not fit."""

from dataclasses import replace

import pytest

from tests.unit import schemas
from zdm.model.plan import Plan
from zdm.model.schema import Column
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

CODE = Column(name="code", type="character varying(20)")
FILL = "ALTER TABLE users ADD COLUMN d text; UPDATE users SET d = upper(code);"
FILLED = FILL + "ALTER TABLE users ALTER COLUMN d SET NOT NULL;"


def planned(sql: str) -> Plan:
    snapshot, train = schemas.snapshot(schemas.users(CODE)), schemas.train(sql)
    found = classify.classify(train, snapshot)
    return schedule.plan(found, name="m", train=train, snapshot=snapshot)


def test_a_column_that_a_trigger_of_the_train_uses_is_not_widened_beside_it() -> None:
    with pytest.raises(TrainRefusedError) as error:
        planned(FILLED + "ALTER TABLE users ALTER COLUMN code TYPE text;")
    (finding,) = error.value.findings

    assert finding.slug == "order_conflict"
    assert "`change type of users.code to text`" in finding.message
    assert "`add users.d and fill it` (migration.sql:1:1)" in finding.message
    assert "trigger zzz_zdm_fill_d of users still uses column users.code" in finding.message
    assert (
        finding.remedy == "move it to a revision that is planned after this train is contracted"
    )


def test_the_same_in_the_other_order_is_planned() -> None:
    plan = planned("ALTER TABLE users ALTER COLUMN code TYPE text;" + FILLED)

    assert next(step.operation for step in plan.steps if step.kind == "sql") == "change_type"


def test_changes_of_different_columns_do_not_conflict() -> None:
    plan = planned(
        FILLED + "ALTER TABLE users ADD COLUMN e text; COMMENT ON TABLE users IS 'x';"
    )

    assert {step.operation for step in plan.steps} >= {"add_column", "comment"}


def test_a_name_of_which_the_train_knows_nothing_is_left_to_replay() -> None:
    table = replace(schemas.users(CODE), opaque=True)
    snapshot, train = schemas.snapshot(table), schemas.train(FILL)
    found = classify.classify(train, snapshot)

    assert schedule.plan(found, name="m", train=train, snapshot=snapshot).steps
