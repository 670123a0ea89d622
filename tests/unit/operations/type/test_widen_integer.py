from dataclasses import replace

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import BOTH, NEW_ONLY, Backfill, RunSql
from zdm.model.schema import (
    Column,
    Constraint,
    Function,
    Index,
    Name,
    Sequence,
    Snapshot,
    Table,
    Volatility,
)

ORDERS = Name("public", "orders")
WIDER = "ALTER TABLE users ALTER id TYPE bigint;"
CHILD = "ALTER TABLE orders ALTER user_id TYPE bigint;"


def narrow(**details: object) -> Snapshot:
    """Users with an integer key, and orders that refer to it."""
    users = schemas.users()
    columns = tuple(replace(c, type="integer") if c.name == "id" else c for c in users.columns)
    orders = Table(
        name=ORDERS,
        columns=(
            Column(name="id", type="bigint", not_null=True),
            Column(name="user_id", type="integer"),
        ),
        constraints=(
            Constraint(
                name="orders_user_id_fkey",
                kind="foreign key",
                columns=("user_id",),
                definition="FOREIGN KEY (user_id) REFERENCES public.users(id)",
                references=schemas.USERS,
                referenced_columns=("id",),
            ),
        ),
        indexes=(
            Index(
                name="orders_user_id_idx",
                definition="CREATE INDEX orders_user_id_idx ON public.orders (user_id)",
                keys=("user_id",),
                columns=("user_id",),
            ),
        ),
    )
    found = schemas.snapshot(orders, replace(users, columns=columns))
    return replace(found, **details)  # type: ignore[arg-type]


def switch(answer: Answer) -> RunSql:
    (step,) = (step for step in answer.steps if step.phase.value == "switch")
    assert isinstance(step, RunSql)
    return step


@pytest.mark.parametrize("sql", [WIDER + CHILD, CHILD + WIDER])
def test_a_key_and_what_refers_to_it_are_one_operation(sql: str) -> None:
    answer = ask(sql, narrow())

    assert answer.slugs == ["widen_integer"]
    assert answer.refusals == ()
    assert [lock.table.name for lock in switch(answer).locks] == ["orders", "users"]


def test_the_referenced_table_is_filled_and_locked_first() -> None:
    answer = ask(CHILD + WIDER, narrow())
    fills = [step.table.name for step in answer.steps if isinstance(step, Backfill)]

    assert fills == ["users", "orders"]
    assert switch(answer).sql[0].startswith('LOCK TABLE "public"."users", "public"."orders"')


def test_both_versions_work_until_the_contract() -> None:
    answer = ask(WIDER + CHILD, narrow())
    serves = {step.phase.value: step.serves for step in answer.steps}

    assert serves.pop("contract") == NEW_ONLY
    assert set(serves.values()) == {BOTH}


def test_the_lock_timeout_is_shared_by_the_tables() -> None:
    step = switch(ask(WIDER + CHILD, narrow()))

    assert step.lock_timeout.total_seconds() == pytest.approx(0.1)


def test_a_column_that_stays_narrow_is_named() -> None:
    answer = ask(WIDER, narrow())
    messages = [hazard.message for hazard in answer.hazards]

    assert any("orders.user_id stays integer" in message for message in messages)


def test_a_sequence_that_stays_narrow_is_named() -> None:
    numbers = Sequence(
        name=Name("public", "users_id_seq"),
        type="integer",
        start=1,
        increment=1,
        minimum=1,
        maximum=2147483647,
        owner_table=schemas.USERS,
        owner_column="id",
    )
    start = narrow(sequences=(numbers,))
    alone = ask(WIDER, start)
    both = ask(WIDER + "ALTER SEQUENCE users_id_seq AS bigint;", start)

    assert any("users_id_seq" in hazard.message for hazard in alone.hazards)
    assert not any("stays" in h.message and "_seq" in h.message for h in both.hazards)
    assert both.slugs == ["widen_integer"]
    assert both.steps[0].id == "users_id_seq-as"


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ALTER id TYPE smallint;",
        "ALTER TABLE users ALTER id TYPE numeric;",
        "ALTER TABLE users ALTER id TYPE bigint USING id + 1;",
    ],
)
def test_what_is_not_only_wider_is_refused(sql: str) -> None:
    answer = ask(sql, narrow())

    assert answer.slugs == []
    assert len(answer.refusals) == 1


def test_what_would_stay_on_the_narrow_column_is_refused_by_name() -> None:
    start = narrow()
    users = start.require_table(schemas.USERS)
    blocked = replace(users, partition_of=Name("public", "people"))
    tables = tuple(blocked if t.name == schemas.USERS else t for t in start.tables)
    (refusal,) = ask(WIDER, replace(start, tables=tables)).refusals

    assert "users is a partition" in refusal


def test_an_index_that_calls_a_function_of_the_narrow_type_is_named() -> None:
    start = narrow()
    function = Function(
        name=Name("public", "twice"),
        arguments="integer",
        definition="",
        language="sql",
        volatility=Volatility.IMMUTABLE,
    )
    index = Index(
        name="orders_twice",
        definition="CREATE INDEX orders_twice ON public.orders (public.twice(user_id))",
        keys=(None,),
        columns=("user_id",),
    )
    orders = start.require_table(ORDERS)
    with_index = replace(orders, indexes=(*orders.indexes, index))
    tables = tuple(with_index if t.name == ORDERS else t for t in start.tables)
    (refusal,) = ask(CHILD, replace(start, tables=tables, functions=(function,))).refusals

    assert "index orders_twice (calls a function that takes integer)" in refusal


def test_a_sequence_of_no_column_is_widened_with_a_column_that_counts_by_it() -> None:
    start = narrow()
    numbers = Sequence(
        name=Name("public", "s"),
        type="integer",
        start=1,
        increment=1,
        minimum=1,
        maximum=2147483647,
    )
    users = start.require_table(schemas.USERS)
    counted = tuple(
        replace(c, default="nextval('public.s'::regclass)") if c.name == "id" else c
        for c in users.columns
    )
    with_default = replace(users, columns=counted)
    tables = tuple(with_default if t.name == schemas.USERS else t for t in start.tables)
    wider = replace(start, tables=tables, sequences=(numbers,))
    answer = ask(WIDER + "ALTER SEQUENCE s AS bigint;", wider)

    assert answer.slugs == ["widen_integer"]
    assert answer.steps[0].id == "s-as"
