"""Steps that the phases put in an order in which they do not fit."""

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.errors import ZdmError
from zdm.model.catalog.database import Publication
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Column
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

CODE = Column(name="code", type="character varying(20)")
FILL = "ALTER TABLE users ADD COLUMN d text; UPDATE users SET d = upper(code);"
AS_WRITTEN = "-- zdm: run in expand -- why not\nALTER TABLE users ALTER COLUMN code "
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
    assert "trigger zzz_zdm_assigned_d of users still uses column users.code" in finding.message
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
    table = replace(schemas.users(CODE), opaque="m.sql:1:1")
    snapshot, train = schemas.snapshot(table), schemas.train(FILL)
    found = classify.classify(train, snapshot)

    assert schedule.plan(found, name="m", train=train, snapshot=snapshot).steps


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        (
            "ALTER TABLE users DROP COLUMN code; CREATE TABLE copy (LIKE users);",
            'when the step "create table copy" runs, column users.code is not what the'
            " statement was written for",
        ),
        (
            "ALTER TABLE users RENAME COLUMN code TO c; CREATE VIEW v AS SELECT * FROM users;",
            'when the step "create view v" runs, column users.c',
        ),
        (
            "ALTER TABLE users DROP COLUMN name; INSERT INTO users VALUES (1, 'a', 'b');",
            'when the step "insert rows into users" runs, column users.name',
        ),
        (
            f"{FILLED} ALTER TABLE users DROP COLUMN d;",
            "would undo what the later one does to NOT NULL of users.d",
        ),
        (
            "ALTER TABLE users ALTER COLUMN code SET STATISTICS 9;"
            " ALTER TABLE users RENAME COLUMN code TO c;",
            "a new column takes the place of column users.code, of which not all is known",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM users';"
            " ALTER TABLE users RENAME TO people;",
            "function f() still uses table users",
        ),
    ],
)
def test_what_the_phases_put_in_a_wrong_order_names_both_places(sql: str, wrong: str) -> None:
    directed = sql.replace(
        "ALTER TABLE users ALTER COLUMN code SET STA", f"{AS_WRITTEN}SET STA"
    )
    with pytest.raises(TrainRefusedError) as error:
        planned(directed)
    finding = error.value.findings[0]

    assert finding.slug == "order_conflict"
    assert wrong in finding.message
    assert "(migration.sql:" in finding.message


RUN = "-- zdm: run in {} -- why not\nALTER TABLE users {};\n"


def published(sql: str, *, keyed: bool) -> Plan:
    details: dict[str, object] = {} if keyed else {"constraints": (), "indexes": ()}
    publication = Publication(
        name="p",
        definition="CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'update')",
        all_tables=True,
    )
    snapshot = schemas.snapshot(schemas.users(CODE, **details), publications=(publication,))
    train = schemas.train(sql)
    found = classify.classify(train, snapshot)
    return schedule.plan(found, name="m", train=train, snapshot=snapshot)


@pytest.mark.parametrize("change", ["REPLICA IDENTITY FULL", "ADD PRIMARY KEY (id)"])
def test_a_replica_identity_that_the_train_makes_before_the_backfill_counts(
    change: str,
) -> None:
    sql = RUN.format("expand", change) + "ALTER TABLE users RENAME COLUMN code TO c;"

    assert any(step.kind == "backfill" for step in published(sql, keyed=False).steps)


def test_a_backfill_without_replica_identity_is_refused() -> None:
    sql = RUN.format("contract", "ADD PRIMARY KEY (id)") + "UPDATE users SET code = 'x';"
    with pytest.raises(TrainRefusedError) as error:
        published(sql, keyed=False)

    assert "there is no replica identity of users" in error.value.findings[0].message


def test_a_replica_identity_that_goes_behind_the_backfill_is_no_obstacle() -> None:
    sql = "UPDATE users SET code = 'x';\n" + RUN.format("expand", "REPLICA IDENTITY NOTHING")
    steps = published(sql, keyed=True).steps

    assert [step.operation for step in steps if step.phase is Phase.BACKFILL] == [
        "backfill",
        "as_written",
    ]


def test_a_plan_that_would_end_elsewhere_by_one_operation_alone_is_a_bug() -> None:
    snapshot, train = schemas.snapshot(schemas.users(CODE)), schemas.train(FILL)
    found = classify.classify(train, snapshot)
    wrong = replace(found, after=snapshot)

    with pytest.raises(ZdmError, match=r"the plan would end with column users\.d"):
        schedule.plan(wrong, name="m", train=train, snapshot=snapshot)


def test_an_index_of_the_train_follows_a_column_that_it_renames() -> None:
    plan = planned(
        "CREATE INDEX by_code ON users (code); ALTER TABLE users RENAME COLUMN code TO c;"
    )
    built = [s.sql[0] for s in plan.steps if s.kind == "sql" and "CREATE INDEX" in s.sql[0]]

    assert [sql.rpartition(" ")[2] for sql in built] == ["(code)", "(c)"]


def test_a_column_set_from_itself_may_be_dropped() -> None:
    plan = planned("UPDATE users SET code = lower(code); ALTER TABLE users DROP COLUMN code;")

    assert {step.operation for step in plan.steps} >= {"backfill", "drop_column"}


def test_a_view_of_a_table_that_the_train_drops_is_no_bug_of_ours() -> None:
    with pytest.raises(TrainRefusedError) as refused:
        planned("DROP TABLE users; CREATE VIEW v AS SELECT id FROM users;")

    assert "create view v" in refused.value.findings[0].message
