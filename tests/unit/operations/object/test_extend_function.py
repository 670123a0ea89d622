import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import RunSql
from zdm.model.schema import Function, Name, Snapshot, Trigger, Volatility

F = Name("public", "f")
BODY = "RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN 2; END'"
PARAMETERS = "a integer, b text DEFAULT 'x'::text"


def function(
    name: Name = F, parameters: str = PARAMETERS, body: str = "RETURN 1;", **details: object
) -> Function:
    values: dict[str, object] = {
        "name": name,
        "arguments": parameters.replace(" DEFAULT 'x'::text", ""),
        "definition": f"CREATE OR REPLACE FUNCTION {name}({parameters})\n RETURNS bigint\n"
        f" LANGUAGE plpgsql\nAS $function$BEGIN {body} END$function$\n",
        "language": "plpgsql",
        "volatility": Volatility.VOLATILE,
        **details,
    }
    return Function(**values)  # type: ignore[arg-type]  # any field may be given


def schema(*functions: Function, **table: object) -> Snapshot:
    return schemas.snapshot(schemas.users(**table), functions=functions or (function(),))


def extended(parameters: str, snapshot: Snapshot | None = None) -> Answer:
    sql = f"DROP FUNCTION f(integer, text);\nCREATE FUNCTION f({parameters}) {BODY};"
    return ask(sql, snapshot or schema())


def test_the_former_stays_under_another_name_until_the_old_version_is_gone() -> None:
    answer = extended("a int, b text DEFAULT 'x', c int DEFAULT 0")
    made, dropped = answer.steps

    assert answer.slugs == ["extend_function"]
    assert answer.phases == ["switch", "drop"]
    assert isinstance(made, RunSql)
    assert made.sql[0] == ('ALTER FUNCTION "public"."f"(integer, text) RENAME TO "zdm_old_f"')
    assert made.sql[1].startswith("CREATE FUNCTION f(a int")
    assert isinstance(made.undo, tuple)
    assert made.undo[0] == 'DROP FUNCTION IF EXISTS "public"."f"(integer, text, integer)'
    assert isinstance(dropped, RunSql)
    assert dropped.sql == ('DROP FUNCTION "public"."zdm_old_f"(integer, text)',)
    assert [f.arguments for f in answer.after.functions] == ["int, text, int"]


@pytest.mark.parametrize(
    "parameters",
    [
        "a bigint, b text DEFAULT 'x'",
        "a int, b text DEFAULT 'y', c int DEFAULT 0",
        "a bigint DEFAULT 1, b text DEFAULT 'x', c int DEFAULT 0, d json DEFAULT NULL",
    ],
)
def test_each_call_of_the_former_means_the_new_one(parameters: str) -> None:
    assert extended(parameters).slugs == ["extend_function"]


@pytest.mark.parametrize(
    "parameters",
    [
        "a int, b text, c int DEFAULT 0",  # f(1)
        "a int, c int DEFAULT 0, b text DEFAULT 'x'",  # f(1, 'x')
        "x int, b text DEFAULT 'x', c int DEFAULT 0",  # f(a => 1)
        "a smallint, b text DEFAULT 'x'",  # f(40000)
        "a numeric, b text DEFAULT 'x'",
        "a int, b text DEFAULT 'x', VARIADIC c int[] DEFAULT '{}'",
    ],
)
def test_where_a_call_of_the_former_would_fail_it_is_refused(parameters: str) -> None:
    answer = extended(parameters)

    assert "extend_function" not in answer.slugs
    assert any("calls of the old version may fail" in text for text in answer.refusals)


def test_another_result_is_refused() -> None:
    answer = ask(
        "DROP FUNCTION f(integer, text);\nCREATE FUNCTION f(a int, b text DEFAULT 'x',"
        " c int DEFAULT 0) RETURNS text LANGUAGE sql AS 'SELECT 1';",
        schema(),
    )

    assert "extend_function" not in answer.slugs
    assert answer.refusals


def test_another_function_of_the_name_that_a_call_may_mean_is_refused() -> None:
    other = function(parameters="a integer, b text, c text")
    answer = extended("a int, b text DEFAULT 'x', c int DEFAULT 0", schema(function(), other))

    assert "extend_function" not in answer.slugs
    assert answer.refusals


def test_another_function_of_the_name_with_more_arguments_is_no_matter() -> None:
    other = function(parameters="a integer, b text, c text, d text")
    answer = extended("a int, b text DEFAULT 'x', c int DEFAULT 0", schema(function(), other))

    assert answer.slugs == ["extend_function"]


def test_rights_of_its_own_would_be_gone() -> None:
    answer = extended(
        "a int, b text DEFAULT 'x', c int DEFAULT 0",
        schema(function(grants=("PUBLIC=",))),
    )

    assert answer.operations == ()
    assert "its rights" in answer.refusals[0]


def test_one_that_a_trigger_runs_and_that_may_raise_is_refused() -> None:
    runs = function(Name("public", "run"), "", body="PERFORM f(1); RETURN NEW;")
    trigger = Trigger(
        name="runs",
        definition="CREATE TRIGGER runs BEFORE INSERT ON public.users FOR EACH ROW EXECUTE"
        " FUNCTION public.run()",
        function=Name("public", "run"),
        enabled="O",
    )
    answer = ask(
        "DROP FUNCTION f(integer, text);\nCREATE FUNCTION f(a int, b text DEFAULT 'x',"
        " c int DEFAULT 0) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';",
        schema(function(), runs, triggers=(trigger,)),
    )

    assert answer.operations == ()
    assert "may refuse a write" in answer.refusals[0]
