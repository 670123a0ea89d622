import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.catalog.database import Other
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import (
    Column,
    Constraint,
    Function,
    Name,
    Sequence,
    Snapshot,
    View,
    Volatility,
)
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

MOVE = "ALTER TABLE users SET SCHEMA app;"
USERS = Name("public", "users")
NUMBERS = Sequence(
    name=Name("public", "users_id_seq"),
    type="bigint",
    start=1,
    increment=1,
    minimum=1,
    maximum=100,
    owner_table=USERS,
    owner_column="id",
)
TWICE = Function(
    name=Name("public", "twice"),
    arguments="n integer",
    definition="CREATE OR REPLACE FUNCTION public.twice(n integer)\n RETURNS integer\n"
    " LANGUAGE sql\nAS $function$SELECT n * 2$function$\n",
    language="sql",
    volatility=Volatility.VOLATILE,
)
PEOPLE = View(
    name=Name("public", "people"),
    kind="view",
    definition=" SELECT id FROM public.users",
    columns=("id",),
)


def start(*grants: str, usage: tuple[str, ...] = ()) -> Snapshot:
    users = replace(schemas.users(), grants=grants)
    return replace(
        schemas.snapshot(users, views=(PEOPLE,), functions=(TWICE,), sequences=(NUMBERS,)),
        schemas=("app", "public"),
        rights=(Other(kind="schema", name="app", grants=usage),),
    )


def asked(sql: str, snapshot: Snapshot | None = None) -> Answer:
    return ask(sql, snapshot or start())


def planned(sql: str, snapshot: Snapshot) -> tuple[str, ...]:
    """The findings for which the schedule refuses it."""
    train = schemas.train(sql)
    try:
        schedule.plan(
            classify.classify(train, snapshot), name="m", train=train, snapshot=snapshot
        )
    except TrainRefusedError as error:
        return tuple(finding.slug for finding in error.findings)
    return ()


def test_a_view_stands_in_until_the_end() -> None:
    answer = asked(MOVE)
    first = answer.steps[0]

    assert answer.phases == ["expand", "drop"]
    assert isinstance(first, RunSql)
    assert first.sql[0] == 'ALTER TABLE "public"."users" SET SCHEMA "app"'
    assert {lock.mode for lock in first.locks} == {LockMode.ACCESS_EXCLUSIVE}
    assert [table.name for table in answer.after.tables] == [Name("app", "users")]


def test_sequences_that_move_are_named() -> None:
    assert any("users_id_seq moves" in hazard.message for hazard in asked(MOVE).hazards)


def test_a_view_and_a_function_move_too() -> None:
    answer = asked("ALTER VIEW people SET SCHEMA app; ALTER FUNCTION twice SET SCHEMA app;")

    assert answer.phases == ["expand", "drop", "expand", "drop"]
    assert 'ALTER FUNCTION "public"."twice"(integer) SET SCHEMA "app"' in answer.sql
    assert 'DROP FUNCTION "public"."twice"(integer)' in answer.sql


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ALTER TABLE users SET SCHEMA public;", "in that schema already"),
        ("ALTER TABLE users SET SCHEMA gone;", "there is no schema gone"),
        ("ALTER TABLE gone SET SCHEMA app;", "there is no table gone"),
        ("ALTER FUNCTION gone() SET SCHEMA app;", "there is no function gone"),
        ("ALTER SEQUENCE users_id_seq SET SCHEMA app;", "nothing can stand in"),
        ("ALTER TABLE users_id_seq SET SCHEMA app;", "nothing can stand in"),
        ("ALTER TYPE mood SET SCHEMA app;", "another type"),
        ("ALTER EXTENSION citext SET SCHEMA app;", "all move at once"),
    ],
)
def test_what_cannot_move_is_refused(sql: str, words: str) -> None:
    assert words in asked(sql).refusals[0]


def test_text_that_names_it_is_in_the_way() -> None:
    named = replace(TWICE, definition="CREATE FUNCTION f()\nAS $$SELECT id FROM users$$")
    answer = asked(MOVE, replace(start(), functions=(named,)))

    assert "these name it in their text" in answer.refusals[0]


def test_text_that_names_a_sequence_of_it_is_in_the_way() -> None:
    body = "CREATE FUNCTION f()\nAS $$SELECT currval('users_id_seq')$$"
    answer = asked(MOVE, replace(start(), functions=(replace(TWICE, definition=body),)))

    assert "users_id_seq moves with it, and these name it" in answer.refusals[0]


@pytest.mark.parametrize(
    ("default", "is_refused"),
    [
        ("nextval('users_id_seq'::text)", True),
        ("nextval('public.\"users_id_seq\"'::text)", True),
        ("nextval('users_id_seq'::regclass)", False),
        ("'users_id_sequence'::text", False),
    ],
)
def test_a_default_that_names_a_sequence_as_text_is_in_the_way(
    default: str, *, is_refused: bool
) -> None:
    found = start()
    n = Column(name="n", type="bigint", default=default)
    tables = (replace(found.tables[0], columns=(*found.tables[0].columns, n)),)
    answer = asked(MOVE, replace(found, tables=tables))

    assert bool(answer.refusals) is is_refused
    assert all("the default of users.n" in one for one in answer.refusals)


@pytest.mark.parametrize("referred", [True, False])
def test_its_owner_must_find_it_for_foreign_keys(*, referred: bool) -> None:
    key = Constraint(
        name="key",
        kind="foreign key",
        columns=("id",),
        references=USERS if referred else None,
        definition="FOREIGN KEY (id) REFERENCES users(id)",
    )
    other = replace(schemas.users(), name=Name("public", "zoo"), constraints=(key,), indexes=())
    found = start()
    answer = asked(MOVE, replace(found, tables=(*found.tables, other)))

    assert answer.refusals == ()
    first = answer.steps[0]
    assert isinstance(first, RunSql)
    failures = [check.failure for check in first.preconditions]
    assert any("owner of users has no USAGE" in one for one in failures) is referred


def test_a_missing_table_with_if_exists_is_nothing() -> None:
    answer = asked("ALTER TABLE IF EXISTS gone SET SCHEMA app;")

    assert answer.steps == ()
    assert "does not exist" in answer.operations[0].title


@pytest.mark.parametrize(
    ("snapshot", "sql", "slugs"),
    [
        (start(), MOVE, ()),
        (start("reader=r/"), MOVE, ("right_missing",)),
        (start("=r/"), MOVE, ("right_missing",)),
        (start("reader=r/", usage=("reader=U/",)), MOVE, ()),
        (start("reader=r/", usage=("=U/",)), MOVE, ()),
        (start("reader=r/"), "GRANT USAGE ON SCHEMA app TO reader;" + MOVE, ()),
        (start("reader=r/"), MOVE + "GRANT USAGE ON SCHEMA app TO PUBLIC;", ()),
        (start("reader=r/"), "GRANT USAGE ON SCHEMA app TO other;" + MOVE, ("right_missing",)),
        (start(), "ALTER FUNCTION twice SET SCHEMA app;", ("right_missing",)),
        (start(), "-- zdm: run in contract -- read\n" + MOVE, ()),
    ],
)
def test_who_uses_it_must_find_it(snapshot: Snapshot, sql: str, slugs: tuple[str, ...]) -> None:
    assert planned(sql, snapshot) == slugs


@pytest.mark.parametrize(
    "other",
    [
        "ALTER TABLE users ADD COLUMN n integer;",
        "CREATE VIEW more AS SELECT id FROM users;",
        "CREATE TABLE users (id bigint);",
        "DROP VIEW people;",
    ],
)
@pytest.mark.parametrize("behind", [True, False])
def test_nothing_else_names_it_in_the_same_train(other: str, *, behind: bool) -> None:
    moves = "ALTER VIEW people SET SCHEMA app;" if "people" in other else MOVE
    sql = moves + other if behind else other + moves
    snapshot = start()
    refused = classify.classify(schemas.train(sql), snapshot).refused

    assert refused or planned(sql, snapshot)
