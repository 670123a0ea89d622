from dataclasses import replace

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Irreversible, Phase, RunSql
from zdm.model.schema import Name, Snapshot

ONE = "UPDATE users SET email = 'a' WHERE id = 1;"
FROM = "UPDATE users AS u SET email = o.email FROM others AS o WHERE o.id = u.id;"


def beside(users: int | None, others: int | None) -> Snapshot:
    other = schemas.users(name=Name("public", "others"), rows=others)
    return schemas.snapshot(schemas.users(rows=users), other)


def test_rows_by_literal_keys_are_one_statement_as_written() -> None:
    (step,) = ask(ONE).steps

    assert isinstance(step, RunSql)
    assert step.sql == ("UPDATE users SET email = 'a' WHERE id = 1",)
    assert step.phase is Phase.BACKFILL
    assert step.serves == BOTH
    assert step.cost.rows == 1
    assert [(lock.table.name, lock.mode) for lock in step.locks] == [
        ("users", LockMode.ROW_EXCLUSIVE)
    ]
    assert step.undo == Irreversible(reason="the previous values are not recorded", rows=True)


@pytest.mark.parametrize(
    ("rows", "slug"), [(None, "backfill"), (9_999, "update_rows"), (10_000, "backfill")]
)
def test_a_table_is_small_by_its_statistics_alone(rows: int | None, slug: str) -> None:
    answer = ask("UPDATE users SET email = 'a' WHERE email = 'b';", beside(rows, None))

    assert answer.slugs == [slug]


@pytest.mark.parametrize(
    ("users", "others", "planned"),
    [(5, 5, True), (5, None, False), (5, 10_000, False), (None, 5, False)],
)
def test_other_tables_are_read_where_all_are_small(
    users: int | None, others: int | None, planned: bool
) -> None:
    answer = ask(FROM, beside(users, others))

    assert answer.slugs == ["update_rows"] * planned
    assert any("the values come from others" in h.message for h in answer.hazards) is planned


def test_a_query_of_with_is_no_table() -> None:
    sql = (
        "WITH o AS (SELECT 1 AS id) UPDATE users SET email = 'a' FROM o WHERE o.id = users.id;"
    )

    assert ask(sql, beside(5, 5)).slugs == ["update_rows"]
    assert ask(sql.replace("1 AS id", "id FROM others"), beside(5, None)).slugs == []


def test_rows_that_a_subquery_picks_by_chance_are_no_few_rows() -> None:
    sql = "UPDATE users SET email = (SELECT email FROM others LIMIT 1) WHERE id = 1;"

    assert ask(sql, beside(5, 5)).slugs == []


@pytest.mark.parametrize("value", ["email || 'a'", "gen_random_uuid()::text"])
def test_a_statement_that_runs_once_need_not_converge(value: str) -> None:
    assert ask(f"UPDATE users SET email = {value} WHERE id = 1;").slugs == ["update_rows"]


def test_old_values_are_kept_by_batches() -> None:
    assert ask(f"-- zdm: keep old values\n{ONE}").slugs == ["backfill"]


def test_a_generated_column_is_refused() -> None:
    table = schemas.users(rows=5)
    columns = [
        replace(c, generated="stored") if c.name == "email" else c for c in table.columns
    ]
    answer = ask(ONE, schemas.snapshot(replace(table, columns=tuple(columns))))

    assert answer.refusals == ("users.email is generated and cannot be set",)


def test_a_key_of_another_table_does_not_make_rows_few() -> None:
    sql = FROM.replace("o.id = u.id", "o.id = 1")

    assert ask(sql, beside(None, 5)).slugs == []
