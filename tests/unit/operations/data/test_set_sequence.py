import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Name, Sequence, Snapshot
from zdm.planning import classify

OWN = Sequence(
    name=Name("public", "users_id_seq"),
    type="bigint",
    start=1,
    increment=1,
    minimum=1,
    maximum=2**63 - 1,
    owner_table=schemas.USERS,
    owner_column="id",
)
FREE = Sequence(
    name=Name("public", "Down"), type="integer", start=-1, increment=-1, minimum=-99, maximum=-1
)


def here(**details: object) -> Snapshot:
    return schemas.snapshot(schemas.users(**details), sequences=(FREE, OWN))


def test_it_is_set_forwards_under_a_lock() -> None:
    answer = ask("SELECT setval('users_id_seq', (SELECT max(id) FROM users));", here())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.sql == (
        'ALTER SEQUENCE "public"."users_id_seq" AS bigint',
        'SELECT pg_catalog.setval(\'"public"."users_id_seq"\', zdm_new.zdm_value,'
        " zdm_new.zdm_called) FROM (SELECT (SELECT max(id) FROM users) AS zdm_value,"
        ' true AS zdm_called) AS zdm_new, "public"."users_id_seq" AS zdm_now'
        " WHERE zdm_new.zdm_value::numeric + CASE WHEN zdm_new.zdm_called THEN 1 ELSE 0 END"
        " > zdm_now.last_value::numeric + CASE WHEN zdm_now.is_called THEN 1 ELSE 0 END",
    )
    assert [(lock.table, lock.mode) for lock in step.locks] == [
        (schemas.USERS, LockMode.SHARE_ROW_EXCLUSIVE)
    ]
    assert (answer.slugs, answer.phases, step.undo) == (["set_sequence"], ["expand"], ())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT setval('users_id_seq', coalesce(max(id), 0) + 1, false) FROM users;",
        "SELECT pg_catalog.setval('public.users_id_seq'::regclass, 500, true);",
        "SELECT setval(pg_get_serial_sequence('users', 'id'), 500);",
        "SELECT setval('users_id_seq', GREATEST((SELECT max(id) FROM users),"
        " (SELECT last_value FROM users_id_seq)));",
        "ALTER SEQUENCE users_id_seq RESTART WITH 500;",
        "ALTER TABLE users ALTER COLUMN id RESTART WITH 500;",
        'ALTER SEQUENCE "Down" RESTART WITH -50;',
        "SELECT setval('\"Down\"', -5);",
    ],
)
def test_each_form_is_one_step(sql: str) -> None:
    answer = ask(sql, here())

    assert answer.refusals == ()
    assert answer.slugs == ["set_sequence"]
    assert len(answer.steps) == 1


def test_several_sequences_are_steps_of_their_own() -> None:
    answer = ask("SELECT setval('users_id_seq', 500), setval('\"Down\"', -7);", here())

    assert [lock.table.name for step in answer.steps for lock in step.locks] == [
        "users",
        "Down",
    ]


def test_keys_that_are_drawn_before_it_are_a_hazard() -> None:
    insert = "INSERT INTO users (id, email) VALUES (9, 'a');"
    answer = ask(insert + "SELECT setval('users_id_seq', max(id)) FROM users;", here())

    assert answer.slugs == ["insert_rows", "set_sequence"]
    assert answer.hazards[-1].message == (
        "until this step, users_id_seq may give an application a key that rows of users already"
        " have, if statements before it insert these; that write fails"
    )


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("ALTER SEQUENCE users_id_seq RESTART;", "sets users_id_seq back to 1,"),
        ("ALTER SEQUENCE users_id_seq RESTART WITH 1;", "sets users_id_seq back to 1,"),
        ("SELECT setval('\"Down\"', -1);", "sets Down back to -1,"),
        (
            "SELECT setval('users_id_seq', (SELECT max(id) FROM users WHERE id < 9));",
            "not known",
        ),
        ("SELECT setval('users_id_seq', count(*)) FROM users;", "not known to be few"),
        (
            "SELECT setval('users_id_seq', max(id) + count(*)) FROM users;",
            "not known to be few",
        ),
        ("SELECT setval('users_id_seq', id) FROM users;", "cannot read from this statement"),
        ("SELECT setval('users_id_seq', nextval('users_id_seq'));", "cannot read from"),
        ("SELECT setval('users_id_seq', make_number());", "cannot read from"),
        ("SELECT setval('users_id_seq', 5), 1;", "cannot read from"),
        ("SELECT setval(relname, 7) FROM pg_class;", "cannot read from"),
        ("SELECT setval('nobody', 7);", "there is no sequence nobody"),
        (
            "SELECT setval(pg_get_serial_sequence('users', 'name'), 7);",
            "no sequence of users.name",
        ),
    ],
)
def test_what_may_set_it_back_or_wait_long_is_refused(sql: str, reason: str) -> None:
    (refusal,) = ask(sql, here()).refusals

    assert reason in refusal


def test_rows_of_a_small_table_are_counted_again() -> None:
    sql = "SELECT setval('users_id_seq', (SELECT max(id) FROM users WHERE id < 9));"
    (step,) = ask(sql, here(rows=20)).steps

    assert isinstance(step, RunSql)
    assert "more than 10,000 rows" in step.preconditions[0].failure


def test_for_a_new_table_it_runs_as_written() -> None:
    made = "CREATE TABLE notes (id serial PRIMARY KEY, body text);"
    answer = ask(made + "ALTER SEQUENCE notes_id_seq RESTART;", here())

    assert answer.slugs == ["create_table", "set_sequence"]
    assert answer.sql[-1] == "ALTER SEQUENCE notes_id_seq RESTART"
    assert answer.steps[-1].locks == ()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT setval('users_id_seq', 99999999999999999999);",
        "ALTER SEQUENCE users_id_seq RESTART WITH 0;",
        'ALTER SEQUENCE "Down" RESTART WITH -100;',
    ],
)
def test_a_number_beyond_the_bounds_is_refused(sql: str) -> None:
    (refusal,) = ask(sql, here()).refusals

    assert ", the bounds of " in refusal


def test_one_that_may_be_missing_is_passed_over() -> None:
    sql = "ALTER SEQUENCE IF EXISTS {} RESTART WITH 500;"
    found = classify.classify(schemas.train(sql.format("gone")), here())

    assert found.placed == ()
    assert found.notes == (
        "migration.sql:1:1: there is no such sequence in the schema, so this statement does"
        " nothing (IF EXISTS)",
    )
    assert ask(sql.format("users_id_seq"), here()).slugs == ["set_sequence"]
    (refusal,) = ask(sql.format("gone").replace("IF EXISTS ", ""), here()).refusals
    assert refusal.startswith("there is no sequence gone")
