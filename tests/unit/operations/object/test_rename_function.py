import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import RunSql
from zdm.model.schema import Function, Index, Name, Volatility


def function(name: str, body: str = "SELECT 1", arguments: str = "a integer") -> Function:
    return Function(
        name=Name("public", name),
        arguments=arguments,
        definition=f"CREATE OR REPLACE FUNCTION public.{name}({arguments})\n RETURNS integer\n"
        f" LANGUAGE sql\nAS $function${body}$function$\n",
        language="sql",
        volatility=Volatility.STABLE,
    )


def asked(sql: str, *functions: Function) -> Answer:
    return ask(sql, schemas.snapshot(schemas.users(), functions=functions))


def test_a_copy_keeps_the_former_name_until_the_end() -> None:
    answer = asked("ALTER FUNCTION one(integer) RENAME TO first;", function("one"))

    assert answer.phases == ["expand", "drop"]
    assert [f.name.name for f in answer.after.functions] == ["first"]


def test_it_is_not_dropped_while_a_function_names_it() -> None:
    naming = function("two", "SELECT one(2)")
    answer = asked("ALTER FUNCTION one RENAME TO first;", function("one"), naming)
    last = answer.steps[-1]

    assert isinstance(last, RunSql)
    assert last.preconditions
    assert "function two" in answer.hazards[0].message


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ALTER FUNCTION one RENAME TO first;", "there are several one"),
        ("ALTER FUNCTION two RENAME TO one;", "there is a function one already"),
        ("ALTER FUNCTION three RENAME TO four;", "there is no function three"),
    ],
)
def test_what_is_not_certain_is_refused(sql: str, words: str) -> None:
    every = (function("one"), function("one", arguments="a text"), function("two"))

    assert words in asked(sql, *every).refusals[0]


def on_its_result(*, unique: bool, predicate: bool = False) -> Index:
    of = "(id) WHERE (one(id) > 0)" if predicate else "(one(id))"
    return Index(
        name="low",
        definition=f"CREATE {'UNIQUE ' * unique}INDEX low ON public.users USING btree {of}",
        keys=(None,),
        columns=("id",),
        unique=unique,
    )


def test_indexes_on_its_result_are_named() -> None:
    users = schemas.users(indexes=(on_its_result(unique=False),))
    start = schemas.snapshot(users, functions=(function("one"),))
    hazard = ask("ALTER FUNCTION one RENAME TO first;", start).hazards[0]

    assert "may not use index low of users" in hazard.message


@pytest.mark.parametrize("predicate", [True, False])
@pytest.mark.parametrize("change", ["RENAME TO first", "SET SCHEMA app"])
def test_a_unique_index_on_its_result_is_in_the_way(change: str, *, predicate: bool) -> None:
    users = schemas.users(indexes=(on_its_result(unique=True, predicate=predicate),))
    start = schemas.snapshot(users, functions=(function("one"),), schemas=("app", "public"))
    (refusal,) = ask(f"ALTER FUNCTION one(integer) {change};", start).refusals

    assert "unique index low of users calls one itself" in refusal
