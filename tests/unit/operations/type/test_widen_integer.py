import pytest
from msgspec.structs import replace

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
    return replace(found, **details)


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


def with_function(body: str, arguments: str = "", returns: str = "integer") -> Snapshot:
    """The same with a function of plpgsql."""
    function = Function(
        name=Name("public", "f"),
        arguments=arguments,
        definition=f"CREATE OR REPLACE FUNCTION public.f({arguments})\n RETURNS {returns}\n"
        f" LANGUAGE plpgsql\nAS $function${body}$function$\n",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    return narrow(functions=(function,))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("BEGIN INSERT INTO users VALUES (1, 'a'); END", "without a list of columns"),
        ("BEGIN INSERT INTO public.users AS u SELECT 1; END", "without a list of columns"),
        ("BEGIN INSERT INTO users (SELECT 1, 'a'); END", "without a list of columns"),
        ("BEGIN EXECUTE 'INSERT INTO users VALUES ($1)' USING 1; END", "without a list"),
        ("BEGIN INSERT INTO logs (id) SELECT * FROM users; END", "has a *"),
        ("BEGIN INSERT INTO logs (id) SELECT u.* FROM users u; END", "has a *"),
        ("DECLARE a int; b text; BEGIN SELECT * INTO a, b FROM users; END", "has a *"),
        ("DECLARE r users%ROWTYPE; BEGIN INSERT INTO logs SELECT r.*; END", "has a *"),
        ("BEGIN RETURN QUERY SELECT * FROM users; END", "has a *"),
        (
            "DECLARE r users%ROWTYPE; BEGIN SELECT id, name INTO r FROM users; END",
            "makes a row",
        ),
        ("DECLARE r public.users; BEGIN SELECT INTO STRICT r 1, 'a'; END", "makes a row"),
        ("DECLARE r users; BEGIN r := (1, 'a'); END", "makes a row"),
        ("DECLARE r users; BEGIN r := ROW(1); RETURN r.id; END", "makes a row"),
        ("BEGIN PERFORM (ROW(1, 'a')::public.users).name; END", "makes a row"),
        ("BEGIN PERFORM g((1, 'a')::users); END", "makes a row"),
        ("BEGIN RETURN QUERY SELECT max(id) FROM users; END", "by RETURN QUERY"),
        ("DECLARE r record; BEGIN SELECT id INTO r FROM users; RETURN NEXT r; END", "a record"),
    ],
)
def test_a_function_that_depends_on_the_columns_is_refused_by_name(
    body: str, words: str
) -> None:
    (refusal, *_) = ask(WIDER, with_function(body)).refusals

    assert "the function f " in refusal
    assert words in refusal


@pytest.mark.parametrize(
    "body",
    [
        "BEGIN INSERT INTO users (id, name) VALUES (1, 'a'); END",
        "BEGIN INSERT INTO users AS u (id) SELECT 1; END",
        "BEGIN INSERT INTO users DEFAULT VALUES; END",
        "BEGIN RETURN (SELECT count(*) FROM users); END",
        "BEGIN RETURN (SELECT id * 2 FROM users LIMIT 1); END",
        "DECLARE r record; BEGIN SELECT * INTO r FROM users; RETURN r.id + 1; END",
        "DECLARE r users%ROWTYPE; BEGIN SELECT * INTO STRICT r FROM users; RETURN 1; END",
        "DECLARE r record; BEGIN FOR r IN SELECT * FROM users LOOP END LOOP; END",
        "DECLARE r users; BEGIN r := (SELECT u FROM users u LIMIT 1); RETURN r.id; END",
        "DECLARE r users; BEGIN SELECT u INTO r FROM users u, logs l; RETURN r.id; END",
        "DECLARE r users; BEGIN r.id := greatest(1, 2); RETURN (f(1, 2))::integer; END",
        "BEGIN RETURN count(*) FROM (SELECT coalesce(NULL, NULL::users) FROM users) x; END",
        "BEGIN IF EXISTS (SELECT * FROM users) THEN RETURN 1; END IF; END",
        "BEGIN PERFORM id FROM users; INSERT INTO logs SELECT * FROM visits; END",
        "BEGIN RETURN QUERY SELECT max(id::integer) FROM users; END",
        "BEGIN -- INSERT INTO users VALUES (1)\n RETURN 1; END",
    ],
)
def test_a_function_that_names_its_columns_is_prepared_again(body: str) -> None:
    answer = ask(WIDER, with_function(body, "a text, b integer"))

    assert answer.refusals == ()
    assert 'ALTER FUNCTION "public"."f"(text, integer) VOLATILE' in switch(answer).sql or (
        "users" not in body.partition("--")[0]
    )


def test_a_procedure_is_prepared_again_as_one() -> None:
    start = with_function("BEGIN PERFORM id FROM users; END")
    (function,) = start.functions
    text = function.definition.replace("FUNCTION", "PROCEDURE").replace(
        "\n RETURNS integer", ""
    )
    procedure = replace(function, definition=text)
    answer = ask(WIDER, replace(start, functions=(procedure,)))

    assert 'ALTER PROCEDURE "public"."f"() SECURITY INVOKER' in switch(answer).sql


KEY = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id);"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (KEY, "adds the foreign key k to orders"),
        ("UPDATE users SET id = id * 3000000000 WHERE name = 'a';", "sets users.id"),
        ("UPDATE users SET id = 3000000000 WHERE id = 1;", "sets users.id"),
    ],
)
def test_what_the_train_does_to_the_column_as_well_is_refused(more: str, words: str) -> None:
    refusals = ask(WIDER + more, narrow()).refusals

    assert any(words in refusal for refusal in refusals)


def test_a_constant_of_the_narrow_type_is_not_in_the_way() -> None:
    refusals = ask(WIDER + "UPDATE users SET id = 5 WHERE name = 'a';", narrow()).refusals

    assert not any("cannot be widened" in refusal for refusal in refusals)


@pytest.mark.parametrize("kind", ["unique", "primary key"])
def test_a_deferrable_key_is_refused(kind: str) -> None:
    start = narrow()
    users = start.require_table(schemas.USERS)
    key = Constraint(
        name="k", kind=kind, columns=("id",), definition=f"{kind.upper()} (id) DEFERRABLE"
    )
    tables = tuple(
        replace(t, constraints=(*t.constraints, key)) if t is users else t for t in start.tables
    )
    (refusal,) = ask(WIDER, replace(start, tables=tables)).refusals

    assert "constraint k (DEFERRABLE" in refusal
