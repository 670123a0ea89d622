import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.catalog.database import Other
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Function, Index, Name, Snapshot, Trigger, Volatility

F = Name("public", "f")
BODY = "LANGUAGE plpgsql AS 'BEGIN RETURN 2; END'"
FORMER = (
    "CREATE OR REPLACE FUNCTION public.f(a integer, b text DEFAULT 'x'::text)\n"
    " RETURNS bigint\n LANGUAGE plpgsql\nAS $function$BEGIN RETURN 1; END$function$\n"
)


def function(name: Name = F, **details: object) -> Function:
    values: dict[str, object] = {
        "name": name,
        "arguments": "a integer, b text",
        "definition": FORMER,
        "language": "plpgsql",
        "volatility": Volatility.VOLATILE,
        **details,
    }
    return Function(**values)  # type: ignore[arg-type]  # any field may be given


def schema(*functions: Function, **table: object) -> Snapshot:
    return schemas.snapshot(schemas.users(**table), functions=functions or (function(),))


def replaced(rest: str, snapshot: Snapshot | None = None) -> Answer:
    return ask(f"CREATE OR REPLACE FUNCTION f{rest};", snapshot or schema())


def test_it_is_the_last_step_before_the_rollout_and_undo_puts_the_former_back() -> None:
    answer = replaced(f"(a int, b text DEFAULT 'y') RETURNS bigint {BODY}")
    (step,) = answer.steps

    assert answer.phases == ["switch"]
    assert isinstance(step, RunSql)
    assert step.undo == ("SET LOCAL check_function_bodies = off", FORMER)
    assert answer.after.functions[0].definition == step.sql[0]


@pytest.mark.parametrize(
    "rest",
    [
        "(a int, b text DEFAULT 'y') RETURNS text",
        "(a int, b text) RETURNS bigint",
        "(x int, b text DEFAULT 'y') RETURNS bigint",
        "(a int, b text DEFAULT 'y') RETURNS SETOF bigint",
    ],
)
def test_what_postgresql_cannot_replace_is_refused(rest: str) -> None:
    answer = replaced(f"{rest} {BODY}")

    assert answer.operations == ()
    assert "PostgreSQL cannot replace function f" in answer.refusals[0]
    assert answer.after.functions == schema().functions


def test_drop_and_create_of_a_signature_are_one_replacement() -> None:
    create = f"CREATE FUNCTION f(a int, b text DEFAULT 'y') RETURNS bigint {BODY}"
    answer = ask(f"DROP FUNCTION f;\n{create};", schema())

    assert answer.slugs == ["replace_function"]
    assert answer.sql == [create.replace("CREATE", "CREATE OR REPLACE", 1)]


def test_a_function_whose_results_an_index_keeps_through_another_is_refused() -> None:
    caller = function(
        Name("public", "g"),
        arguments="text",
        definition="CREATE FUNCTION public.g(text) RETURNS bigint LANGUAGE plpgsql"
        " AS $$BEGIN RETURN f(1); END$$",
    )
    index = Index(
        name="i",
        definition="CREATE INDEX i ON public.users USING btree (public.g(email))",
        keys=(None,),
        columns=("email",),
    )
    answer = replaced(
        f"(a int, b text DEFAULT 'y') RETURNS bigint {BODY}",
        schema(function(), caller, indexes=(index,)),
    )

    assert "index i of users" in answer.refusals[0]


def run_by(event: str) -> Snapshot:
    """A schema in which a trigger runs the function."""
    trigger = Trigger(
        name="t",
        definition=f"CREATE TRIGGER t BEFORE {event} ON public.users FOR EACH ROW"
        " EXECUTE FUNCTION public.f()",
        function=F,
        enabled="O",
    )
    return schema(triggers=(trigger,))


def new_body(body: str, snapshot: Snapshot) -> Answer:
    rest = "(a int, b text DEFAULT 'y') RETURNS bigint LANGUAGE plpgsql"
    return replaced(f"{rest} AS $$BEGIN {body} END$$", snapshot)


def test_triggers_that_run_it_are_named() -> None:
    answer = new_body("RETURN NEW;", run_by("UPDATE"))

    assert answer.phases == ["switch"]
    assert "trigger t of users" in answer.hazards[1].message


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("UPDATE", "RAISE EXCEPTION 'no';"),
        ("UPDATE", "IF NEW.name IS NULL THEN RETURN NULL; END IF; RETURN NEW;"),
        ("UPDATE", "SELECT n INTO STRICT x FROM public.users; RETURN NEW;"),
        ("UPDATE", "RETURN OLD;"),
        ("DELETE", "RETURN NEW;"),
        ("UPDATE OR DELETE", "RETURN NEW;"),
        ("UPDATE", "EXECUTE 'SELECT 1'; RETURN NEW;"),
    ],
)
def test_one_that_may_refuse_writes_by_a_trigger_is_replaced_in_the_contract(
    event: str, body: str
) -> None:
    answer = new_body(body, run_by(event))

    assert answer.phases == ["contract"]
    assert "f may refuse a write, by trigger t of users" in answer.hazards[0].message


def test_one_that_no_write_runs_may_raise_at_once() -> None:
    assert new_body("RAISE 'no';", schema()).phases == ["switch"]


def test_one_that_a_default_runs_may_refuse_a_write() -> None:
    column = Column(name="n", type="bigint", default="public.f(1)")
    table = schemas.users(column)
    used = schemas.snapshot(table, functions=(function(),))

    assert new_body("RAISE 'no';", used).phases == ["contract"]
    assert new_body("RETURN 1;", used).phases == ["switch"]


def test_more_arguments_make_another_function_and_default_ones_are_ambiguous() -> None:
    drop = "DROP FUNCTION f(int, text);"
    more = ask(f"{drop} CREATE FUNCTION f(a int, b text, c int) RETURNS int {BODY};", schema())
    same = ask(
        f"{drop} CREATE FUNCTION f(a int, b text, c int DEFAULT 1) RETURNS int {BODY};",
        schema(),
    )

    assert more.slugs == ["drop_function", "new_object"]
    assert more.phases == ["drop", "expand"]
    assert "a call with the same number of arguments may mean either" in same.refusals[0]


@pytest.mark.parametrize(
    ("kind", "name", "definition"),
    [
        ("operator", "public.+%(integer,text)", "CREATE OPERATOR public.+% (FUNCTION = f)"),
        ("cast", "(integer AS public.m)", "CREATE CAST (x AS m) WITH FUNCTION f(integer)"),
        ("operator class", "public.odd USING btree", ""),
    ],
)
def test_one_behind_an_operator_a_cast_or_an_operator_class_is_refused(
    kind: str, name: str, definition: str
) -> None:
    snapshot = replace(schema(), others=(Other(kind=kind, name=name, definition=definition),))
    answer = new_body("RETURN 1;", snapshot)

    assert f"these may call f: {kind} {name}" in answer.refusals[0]


def test_a_function_named_as_one_of_postgresql_is_not_taken_for_that() -> None:
    def index(call: str) -> Index:
        on = f"CREATE INDEX i ON public.users USING btree ({call})"
        return Index(name="i", definition=on, keys=(None,), columns=("email",))

    made = "CREATE OR REPLACE FUNCTION api.lower(text) RETURNS text LANGUAGE sql AS 'SELECT 1'"

    def refused(call: str) -> bool:
        own = Function(
            name=Name("api", "lower"),
            arguments="text",
            definition=made,
            language="sql",
            volatility=Volatility.IMMUTABLE,
        )
        snapshot = schema(own, indexes=(index(call),))
        return bool(ask(f"{made};", snapshot).refusals)

    assert refused("api.lower(email)")
    assert refused('"api".lower(email)')
    assert not refused("lower(email)")
    assert not refused("other.lower(email)")


def test_undo_drops_and_makes_it_again_where_replacing_does_not_take_it_back() -> None:
    former = function(definition=FORMER.replace(" DEFAULT 'x'::text", ""), comment="it's noted")
    (step,) = replaced(
        f"(a int, b text DEFAULT 'y') RETURNS bigint {BODY}", schema(former)
    ).steps
    assert isinstance(step, RunSql)
    assert isinstance(step.undo, tuple)
    _, again, comment = step.undo

    assert 'DROP ROUTINE "public"."f"(integer, text);' in again
    assert former.definition.strip() in again
    assert comment == ("COMMENT ON ROUTINE \"public\".\"f\"(integer, text) IS 'it''s noted'")


def test_a_further_default_of_one_that_something_uses_is_refused() -> None:
    former = function(definition=FORMER.replace(" DEFAULT 'x'::text", ""))
    column = Column(name="n", type="bigint", default="public.f(1, 'x'::text)")
    snapshot = schemas.snapshot(schemas.users(column), functions=(former,))
    answer = replaced(f"(a int, b text DEFAULT 'y') RETURNS bigint {BODY}", snapshot)

    assert "these use it: default users.n" in answer.refusals[0]


def test_one_that_a_trigger_runs_through_the_text_of_another_is_not_dropped() -> None:
    caller = function(
        Name("public", "g"),
        arguments="",
        definition="CREATE FUNCTION public.g() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN PERFORM f(1, 'x'); RETURN NEW; END$$",
    )
    trigger = Trigger(
        name="t",
        definition="CREATE TRIGGER t BEFORE INSERT ON public.users FOR EACH ROW"
        " EXECUTE FUNCTION public.g()",
        function=caller.name,
        enabled="O",
    )
    used = schema(function(), caller, triggers=(trigger,))

    drop = "DROP FUNCTION f(int, text);"
    ended = (
        "CREATE OR REPLACE FUNCTION g() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN RETURN NEW; END$$;"
    )
    assert "run it by trigger t of users" in ask(drop, used).refusals[0]
    assert ask(ended + drop, used).slugs == ["replace_function", "drop_function"]
    assert ask(drop, schema(function(), caller)).slugs == ["drop_function"]
