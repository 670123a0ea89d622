from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.findings import Finding
from zdm.model.plan import OLD_ONLY, Backfill, Phase, RunSql, Side
from zdm.model.schema import Name
from zdm.planning import classify, schedule
from zdm.planning.classify import Classification
from zdm.planning.schedule import TrainRefusedError

HERE = schemas.snapshot(schemas.users())  # id, email text NOT NULL, name text
TABLE = """CREATE TABLE mails (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    email text NOT NULL, name text);
"""
COPY = "INSERT INTO mails (user_id, email, name) SELECT id, email, name FROM users;\n"
DROP = "ALTER TABLE users DROP COLUMN email;\nALTER TABLE users DROP COLUMN name;\n"
NAMES = (
    "CREATE TABLE names (id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, name text);"
)
OF_NAMES = "INSERT INTO names SELECT id, name FROM users WHERE name IS NOT NULL;"


def classified(sql: str) -> Classification:
    return classify.classify(schemas.train(sql), HERE)


def slugs(sql: str) -> list[str]:
    found = classified(sql)
    assert found.refused == ()
    return [place.operation.slug for place in found.placed]


def refused(sql: str) -> Finding:
    (found,) = classified(sql).refused
    return found


def test_copy_and_drops_are_one_operation() -> None:
    assert slugs(TABLE + COPY + DROP) == ["create_table", "move_column"]


def test_its_steps_keep_both_places_the_same_until_the_contract() -> None:
    train = schemas.train(TABLE + COPY + DROP)
    found = classify.classify(train, HERE)
    plan = schedule.plan(found, name="m", train=train, snapshot=HERE)
    own = [step for step in plan.steps if step.operation == "move_column"]

    assert [(step.phase, step.serves) for step in own[:3]] == [
        (Phase.EXPAND, OLD_ONLY),
        (Phase.EXPAND, OLD_ONLY),
        (Phase.BACKFILL, frozenset(Side)),
    ]
    fill, end = own[2], own[3]
    assert isinstance(fill, Backfill)
    assert fill.synced
    assert isinstance(end, RunSql)
    assert plan.point_of_no_return == end.id
    assert [lock.table.name for lock in end.locks] == ["mails", "users"]


def test_a_column_that_is_dropped_besides_is_dropped_by_itself() -> None:
    sql = TABLE.replace(", name text", "") + COPY.replace(", name", "") + DROP

    assert slugs(sql) == ["create_table", "move_column", "drop_column"]


def test_a_copy_without_a_drop_is_none() -> None:
    assert slugs(TABLE + COPY) == ["create_table", "copy_rows"]


def test_what_stands_between_may_be_an_index_or_a_comment() -> None:
    between = "CREATE INDEX i ON mails (email);COMMENT ON TABLE mails IS 'x';"

    assert "move_column" in slugs(TABLE + COPY + between + DROP)


def test_a_row_of_a_nullable_column_is_there_as_long_as_it_has_a_value() -> None:
    assert "move_column" in slugs(NAMES + OF_NAMES + "ALTER TABLE users DROP COLUMN name;")


@pytest.mark.parametrize(
    ("sql", "because"),
    [
        (
            NAMES + OF_NAMES.replace(" WHERE name IS NOT NULL", ""),
            "a row in which the old version leaves name NULL",
        ),
        (NAMES + OF_NAMES.replace("name IS", "email IS"), "the WHERE of the INSERT leaves out"),
        (NAMES.replace(" ON DELETE CASCADE", "") + OF_NAMES, "no foreign key of names"),
        (NAMES.replace("PRIMARY KEY", "UNIQUE") + OF_NAMES, "names has no primary key"),
        (
            NAMES.replace("name text", "name varchar(9)") + OF_NAMES,
            "names.name has another type",
        ),
        (NAMES.replace("text", "text UNIQUE") + OF_NAMES, "names has more than its key"),
        (NAMES.replace("text", "text, at date") + OF_NAMES, "names has more than its key"),
        (
            NAMES + OF_NAMES + "CREATE UNIQUE INDEX i ON names (name);",
            "migration.sql:1:158 changes one of the two tables, too",
        ),
        (
            NAMES + OF_NAMES + "UPDATE users SET name = 'x' WHERE id = 1;",
            "migration.sql:1:158 changes one of the two tables, too",
        ),
    ],
)
def test_what_cannot_be_kept_the_same_is_refused(sql: str, because: str) -> None:
    found = classified(sql + "ALTER TABLE users DROP COLUMN name;").refused

    assert "column_cannot_be_moved" in [one.slug for one in found]
    assert because in found[0].message


def test_a_column_that_is_taken_and_stays_is_refused() -> None:
    found = refused(TABLE + COPY + "ALTER TABLE users DROP COLUMN email;")

    assert "takes name as well, which stays in users" in found.message


@pytest.mark.parametrize(
    ("details", "because"),
    [
        ({"kind": "partitioned table"}, "users is a partitioned table"),
        ({"partition_of": Name("public", "people")}, "users is a part of another table"),
        ({"rules": ("CREATE RULE r AS ON UPDATE TO users DO NOTHING",)}, "users has rules"),
    ],
)
def test_a_table_that_is_not_alone_is_refused(details: dict[str, Any], because: str) -> None:
    here = schemas.snapshot(schemas.users(**details))
    sql = NAMES + OF_NAMES + "ALTER TABLE users DROP COLUMN name;"
    found = classify.classify(schemas.train(sql), here).refused

    assert because in found[0].message


def test_a_key_of_another_s_type_is_refused() -> None:
    columns = tuple(
        replace(c, type="public.ltree") if c.name == "id" else c
        for c in schemas.users().columns
    )
    here = schemas.snapshot(replace(schemas.users(), columns=columns))
    sql = NAMES.replace("bigint", "public.ltree") + OF_NAMES
    sql += "ALTER TABLE users DROP COLUMN name;"
    found = classify.classify(schemas.train(sql), here).refused

    assert "the key's type public.ltree is not one of PostgreSQL's own" in found[0].message


@pytest.mark.parametrize(
    "select",
    [
        "SELECT id, lower(name) FROM users WHERE name IS NOT NULL",
        "SELECT id, name FROM users WHERE name IS NOT NULL AND id > 3",
        "SELECT u.id, u.name FROM users AS u JOIN users AS o USING (id)",
        "SELECT DISTINCT id, name FROM users",
        "SELECT id, name FROM users ORDER BY id",
        "SELECT id, name FROM ONLY users",
        "SELECT id, name FROM users FOR UPDATE",
        "WITH x AS (SELECT 1) SELECT id, name FROM users",
    ],
)
def test_another_copy_is_no_move_and_its_writes_are_not_lost(select: str) -> None:
    sql = f"{NAMES}INSERT INTO names {select};ALTER TABLE users DROP COLUMN name;"

    assert "lost_writes" in [f.slug for f in classified(sql).refused]


def test_rows_of_the_new_table_are_not_taken_at_one_moment() -> None:
    sql = NAMES + OF_NAMES + "ALTER TABLE users DROP COLUMN name;"
    train = schemas.train(
        sql + "CREATE TABLE z (id bigint PRIMARY KEY); INSERT INTO z SELECT id FROM names;"
    )

    with pytest.raises(TrainRefusedError) as caught:
        schedule.plan(classify.classify(train, HERE), name="m", train=train, snapshot=HERE)

    assert [found.slug for found in caught.value.findings] == ["lost_writes"]


def test_two_tables_may_get_columns_of_one() -> None:
    sql = (
        NAMES + TABLE.replace(", name text", "") + OF_NAMES + COPY.replace(", name", "") + DROP
    )

    assert slugs(sql) == ["create_table", "create_table", "move_column", "move_column"]
