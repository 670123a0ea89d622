import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    OLD_ONLY,
    AwaitRollout,
    Irreversible,
    Phase,
    Plan,
    RunSql,
    Side,
    TableLock,
)
from zdm.model.schema import Function, Name, Snapshot, Volatility
from zdm.model.statement import Source, Stamp
from zdm.planning import classify, schedule
from zdm.planning.schedule import StampWhen, TrainRefusedError
from zdm.serialize import snapshot_file

HERE = schemas.snapshot(schemas.users())
STAMP = Stamp(table=Name("public", "alembic_version"), from_heads=("a1",), to_heads=("b2",))
SEED = """ALTER TABLE users ADD COLUMN new_email text;
UPDATE users SET new_email = email;
ALTER TABLE users DROP COLUMN email;
"""


def planned(
    sql: str,
    stamp: Stamp | None = None,
    when: StampWhen = "backfilled",
    snapshot: Snapshot = HERE,
) -> Plan:
    train = replace(
        schemas.train(sql),
        stamp=stamp,
        notes=((Source(file="m.py", line=3, column=1), "reads rows"),),
    )
    return schedule.plan(
        classify.classify(train, snapshot),
        name="p",
        train=train,
        snapshot=snapshot,
        stamp_when=when,
    )


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


def test_steps_stand_in_phases_with_the_rollout_between() -> None:
    plan = planned(SEED + "CREATE INDEX users_name ON users (name);")

    assert ids(plan) == [
        "expand-1-users-new_email-dual-write",
        "expand-2-users-email-tolerate",
        "backfill-1-users-new_email-fill",
        "validate-1-users-new_email-analyze",
        "validate-2-users-users_name-index",
        "rollout",
        "contract-1-users-new_email-end-dual-write",
        "drop-1-users-email-drop",
    ]


def test_an_index_on_another_table_is_not_put_off() -> None:
    other = replace(schemas.users(), name=Name("public", "others"))
    plan = planned(
        SEED + "CREATE INDEX others_name ON others (name);",
        snapshot=schemas.snapshot(schemas.users(), other),
    )

    assert "expand-3-others-others_name-index" in ids(plan)


def test_served_versions_are_cumulative() -> None:
    plan = planned(SEED + "COMMENT ON TABLE users IS 'x';")

    assert [step.serves for step in plan.steps] == [
        OLD_ONLY,
        OLD_ONLY,
        OLD_ONLY,
        BOTH,
        BOTH,
        NEW_ONLY,
        NEW_ONLY,
        NEW_ONLY,
    ]


def test_an_operation_that_only_drops_serves_both_until_then() -> None:
    plan = planned("ALTER TABLE users DROP COLUMN name;\nCOMMENT ON TABLE users IS 'x';")

    assert [(step.phase, step.serves) for step in plan.steps] == [
        (Phase.EXPAND, BOTH),
        (Phase.ROLLOUT, NEW_ONLY),
        (Phase.DROP, NEW_ONLY),
    ]


def test_the_new_version_is_rolled_out_even_where_both_work_throughout() -> None:
    plan = planned("COMMENT ON TABLE users IS 'x';")

    assert isinstance(plan.steps[-1], AwaitRollout)


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert planned("ALTER TABLE users DROP COLUMN IF EXISTS none;").steps == ()


def test_the_plan_is_pinned_and_says_what_it_is_for() -> None:
    plan = planned(SEED)

    assert plan.fingerprint == snapshot_file.fingerprint(HERE)
    assert (plan.server_major, len(plan.statements)) == (17, 3)
    assert [o.title for o in plan.operations] == ["rename users.email to new_email"]
    assert [str(source) for source in plan.operations[0].origin] == [
        "migration.sql:1:1",
        "migration.sql:2:1",
        "migration.sql:3:1",
    ]
    assert plan.notes == ("m.py:3:1: reads rows",)
    assert plan.hazards[0].origin == plan.operations[0].origin
    assert plan.point_of_no_return == "contract-1-users-new_email-end-dual-write"


def test_a_former_function_goes_before_a_table_that_its_text_names() -> None:
    former = Function(
        name=Name("public", "f"),
        arguments="a integer",
        definition="CREATE OR REPLACE FUNCTION public.f(a integer)\n RETURNS integer\n"
        " LANGUAGE plpgsql\nAS $$BEGIN RETURN (SELECT count(*) FROM users); END$$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    plan = planned(
        "DROP TABLE users; DROP FUNCTION f(int); CREATE FUNCTION f(a bigint) RETURNS integer"
        " LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$;",
        snapshot=schemas.snapshot(schemas.users(), functions=(former,)),
    )

    assert ids(plan)[-2:] == ["drop-1-f-drop-former", "drop-2-users-drop"]


def test_what_several_operations_say_is_said_once_with_the_places_of_all() -> None:
    plan = planned("ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int;")

    (hazard,) = plan.hazards
    assert [place.column for place in hazard.origin] == [1, 37]


def test_the_same_train_gives_the_same_plan() -> None:
    assert planned(SEED, STAMP) == planned(SEED, STAMP)


def test_the_stamp_stands_last_before_the_rollout() -> None:
    plan = planned(SEED, STAMP)
    step = plan.steps[ids(plan).index("rollout") - 1]

    assert isinstance(step, RunSql)
    assert step.operation == "stamp"
    assert step.sql == (
        'DELETE FROM "public"."alembic_version" WHERE version_num = \'a1\'',
        'INSERT INTO "public"."alembic_version" (version_num) VALUES (\'b2\')',
    )
    assert step.undo == (
        'DELETE FROM "public"."alembic_version" WHERE version_num = \'b2\'',
        'INSERT INTO "public"."alembic_version" (version_num) VALUES (\'a1\')',
    )
    assert step.serves == BOTH


def test_the_stamp_may_wait_for_the_contract() -> None:
    plan = planned(SEED, STAMP, "after_contract")

    assert ids(plan)[-1] == "drop-2-stamp-alembic_version"
    assert plan.steps[-1].serves == NEW_ONLY
    assert not isinstance(plan.steps[-1].undo, Irreversible)  # type: ignore[union-attr]  # a RunSql


def test_the_first_stamp_makes_the_version_table() -> None:
    plan = planned(SEED, replace(STAMP, from_heads=()))

    assert [step.id for step in plan.steps if step.operation == "stamp"] == [
        "validate-2-version-table",
        "validate-3-stamp-alembic_version",
    ]
    assert plan.makes_version_table


def test_the_first_stamp_locks_an_empty_version_table_that_is_there() -> None:
    start = replace(HERE, version_table=STAMP.table)
    plan = planned(SEED, replace(STAMP, from_heads=()), snapshot=start)
    steps = [s for s in plan.steps if isinstance(s, RunSql) and s.operation == "stamp"]

    assert [(s.id, s.locks) for s in steps] == [
        (
            "validate-2-stamp-alembic_version",
            (TableLock(table=STAMP.table, mode=LockMode.ROW_EXCLUSIVE),),
        )
    ]
    assert not plan.makes_version_table


def test_one_refused_statement_refuses_the_whole_train() -> None:
    with pytest.raises(TrainRefusedError) as caught:
        planned(SEED + "ALTER INDEX users_pkey SET (fillfactor = 70);")

    assert isinstance(caught.value, RefusedError)
    assert caught.value.message.startswith(
        "1 statement is refused, so nothing is planned\n  migration.sql:4:1: "
    )
    assert [f.slug for f in caught.value.findings] == ["no_operation"]


def test_a_warning_becomes_a_note() -> None:
    plan = planned("-- zdm: run in expand -- x\nALTER TABLE users ADD COLUMN a int;")

    assert plan.notes[-1] == (
        "migration.sql:2:1: this runs as written, although zdm can plan it (`add"
        " users.a`): without the directive it would get steps that zdm checks and can undo"
    )


def test_no_operation_at_all_serves_both() -> None:
    plan = planned("BEGIN; COMMIT;", STAMP)

    assert [step.serves for step in plan.steps] == [BOTH, frozenset({Side.NEW})]
