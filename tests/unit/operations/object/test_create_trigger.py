from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import Irreversible
from zdm.model.schema import Column, Function, Name, Table, Trigger, Volatility

ON = "ON users FOR EACH ROW EXECUTE FUNCTION f()"
FORMER = Trigger(
    name="t",
    definition="CREATE TRIGGER t AFTER INSERT ON public.users FOR EACH ROW"
    " EXECUTE FUNCTION public.f()",
    function=Name("public", "f"),
    enabled="A",
    comment="a note",
)


def asked(sql: str, body: str, *triggers: Trigger) -> Answer:
    function = Function(
        name=Name("public", "f"),
        arguments="",
        definition="CREATE OR REPLACE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql"
        f"\nAS $function$BEGIN {body} END$function$\n",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    table = schemas.users(triggers=triggers)
    return ask(sql, schemas.snapshot(table, functions=(function,)))


@pytest.mark.parametrize(
    ("event", "body", "phase"),
    [
        ("BEFORE UPDATE", "NEW.name := 'x'; RETURN NEW;", "switch"),
        ("AFTER UPDATE", "RETURN NULL;", "switch"),
        ("AFTER UPDATE", "RAISE NOTICE 'seen'; RETURN NULL;", "switch"),
        ("BEFORE UPDATE", "RETURN NULL;", "contract"),
        ("BEFORE DELETE", "RETURN OLD;", "switch"),
        ("BEFORE DELETE", "RETURN NULL;", "contract"),
        ("BEFORE INSERT OR DELETE", "RETURN NEW;", "contract"),
        ("BEFORE INSERT OR DELETE", "RETURN coalesce(NEW, OLD);", "switch"),
        ("BEFORE UPDATE", "RETURN coalesce(OLD, NEW);", "contract"),
        ("BEFORE UPDATE", "RETURN OLD;", "contract"),
        ("BEFORE UPDATE", "RETURN changed;", "contract"),
        (
            "BEFORE UPDATE OR DELETE",
            "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;",
            "switch",
        ),
        (
            "BEFORE UPDATE OR DELETE",
            "IF NEW.id > 1 THEN RETURN OLD; END IF; RETURN NEW;",
            "contract",
        ),
        ("AFTER UPDATE", "RAISE EXCEPTION 'no';", "contract"),
        ("AFTER UPDATE", "RAISE 'no';", "contract"),
        ("AFTER UPDATE", "ASSERT NEW.id > 1; RETURN NULL;", "contract"),
        ("AFTER UPDATE", "EXECUTE 'SELECT 1'; RETURN NULL;", "contract"),
    ],
)
def test_one_that_may_refuse_a_write_is_made_in_the_contract(
    event: str, body: str, phase: str
) -> None:
    answer = asked(f"CREATE TRIGGER t {event} {ON};", body)

    assert answer.slugs == ["create_trigger"]
    assert answer.phases == [phase]


def test_one_of_an_unknown_function_and_a_constraint_trigger_may_refuse() -> None:
    unknown = asked(f"CREATE TRIGGER t AFTER UPDATE {ON.replace('f()', 'g()')};", "")
    deferred = asked(f"CREATE CONSTRAINT TRIGGER t AFTER UPDATE {ON};", "RETURN NULL;")

    assert unknown.phases == deferred.phases == ["contract"]


def test_drop_and_create_are_one_transaction_and_undo_makes_the_former_as_it_was() -> None:
    create = f"CREATE TRIGGER t BEFORE UPDATE {ON}"
    answer = asked(f"DROP TRIGGER t ON users; {create};", "RETURN NEW;", FORMER)
    (step,) = answer.steps

    assert answer.slugs == ["replace_trigger"]
    assert answer.sql == ['DROP TRIGGER IF EXISTS "t" ON "public"."users"', create]
    assert getattr(step, "undo", None) == (
        'DROP TRIGGER IF EXISTS "t" ON "public"."users"',
        FORMER.definition,
        'ALTER TABLE "public"."users" ENABLE ALWAYS TRIGGER "t"',
        """COMMENT ON TRIGGER "t" ON "public"."users" IS 'a note'""",
    )


def test_one_that_begins_to_refuse_is_replaced_in_the_contract() -> None:
    sql = f"CREATE OR REPLACE TRIGGER t BEFORE UPDATE {ON};"

    assert asked(sql, "RETURN NEW;", FORMER).phases == ["switch"]
    assert asked(sql, "RETURN NULL;", FORMER).phases == ["contract"]


@pytest.mark.parametrize(
    ("former", "new", "phase"),
    [
        ("BEFORE INSERT", "BEFORE INSERT", "switch"),
        ("BEFORE INSERT OR UPDATE", "BEFORE INSERT", "switch"),
        ("BEFORE INSERT", "BEFORE INSERT OR UPDATE", "contract"),
        ("BEFORE UPDATE OF id, name", "BEFORE UPDATE OF name", "switch"),
        ("BEFORE UPDATE OF name", "BEFORE UPDATE OF id, name", "contract"),
        ("BEFORE UPDATE OF name", "BEFORE UPDATE", "contract"),
        ("AFTER INSERT", "BEFORE INSERT", "contract"),
    ],
)
def test_one_that_may_refuse_is_replaced_before_the_rollout_if_it_fires_for_no_more(
    former: str, new: str, phase: str
) -> None:
    before = replace(FORMER, definition=f"CREATE TRIGGER t {former} {ON}")
    answer = asked(f"CREATE OR REPLACE TRIGGER t {new} {ON};", "RAISE 'no';", before)

    assert answer.phases == [phase]


def test_one_that_may_refuse_and_loses_its_condition_is_replaced_in_the_contract() -> None:
    def phases(condition: str) -> list[str]:
        on = ON.replace("EXECUTE", f"{condition} EXECUTE")
        before = ON.replace("EXECUTE", "WHEN (new.id > 1) EXECUTE")
        former = replace(FORMER, definition=f"CREATE TRIGGER t BEFORE INSERT {before}")
        sql = f"CREATE OR REPLACE TRIGGER t BEFORE INSERT {on};"
        return asked(sql, "RAISE 'no';", former).phases

    assert phases("WHEN (NEW.id > 1)") == ["switch"]
    assert phases("WHEN (NEW.id > 0)") == phases("") == ["contract"]


def test_one_is_disabled_after_the_rollout_and_enabled_before_it() -> None:
    off = asked("ALTER TABLE users DISABLE TRIGGER t;", "RETURN NULL;", FORMER)
    on = asked("ALTER TABLE users ENABLE TRIGGER t;", "RETURN NULL;", FORMER)

    assert off.phases == ["contract"]
    assert off.after.tables[0].triggers[0].enabled == "D"
    assert on.phases == ["switch"]


BUMP = """
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN UPDATE {} SET n = n + 1; RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT ON users EXECUTE FUNCTION bump();
"""
COUNTS = Table(name=Name("public", "counts"), columns=(Column(name="n", type="integer"),))
FIXED = 'ALTER FUNCTION "public"."bump"() SET search_path = "public", "pg_temp"'
RESET = 'ALTER FUNCTION "public"."bump"() RESET search_path'


def bumped(sql: str, *others: Table, **details: Any) -> Answer:
    return ask(sql, schemas.snapshot(schemas.users(), *others, **details))


def test_a_new_function_without_schemas_has_a_search_path_until_the_old_version_is_gone() -> (
    None
):
    answer = bumped(BUMP.format("counts"), COUNTS)
    _, made, reset = (step for step in answer.steps if step.kind == "sql")

    assert answer.refusals == ()
    assert answer.phases == ["expand", "switch", "drop"]
    assert made.sql[0] == FIXED
    assert made.sql[1].startswith("CREATE TRIGGER t")
    assert made.undo == ('DROP TRIGGER IF EXISTS "t" ON "public"."users"',)
    assert reset.sql == (RESET,)
    assert isinstance(reset.undo, Irreversible)
    assert "bump names counts without its schema" in answer.hazards[1].message


@pytest.mark.parametrize("named", ["public.counts", "elsewhere"])
def test_one_with_schemas_or_of_what_is_not_there_has_none(named: str) -> None:
    assert bumped(BUMP.format(named), COUNTS).phases == ["expand", "switch"]


WITHOUT = ["bump names counts without its schema, so writes of a session with another"]


def refused(answer: Answer) -> list[str]:
    return [text[: len(WITHOUT[0])] for text in answer.refusals]


def test_one_that_sessions_may_take_for_another_is_refused() -> None:
    other = replace(COUNTS, name=Name("tenant", "counts"))

    assert refused(bumped(BUMP.format("counts"), COUNTS, other)) == WITHOUT
    assert refused(bumped(BUMP.format("counts"), other)) == WITHOUT


RAISES = BUMP.replace("RETURN NULL", "RAISE 'no'; RETURN NULL")
LATE = (
    "bump names counts without its schema, so from the contract on writes of a session with"
    " another search_path may fail"
)


def test_one_that_may_refuse_writes_is_fired_by_the_new_version_only() -> None:
    answer = bumped(RAISES.format("counts"), COUNTS)

    assert answer.refusals == ()
    assert answer.phases == ["expand", "contract"]
    assert FIXED not in answer.sql
    assert answer.hazards[-1].message == LATE


def test_one_in_the_place_of_another_is_fired_by_the_new_version_only() -> None:
    body, _, trigger = RAISES.format("counts").partition("CREATE TRIGGER")
    users = schemas.users(triggers=(FORMER,))
    sql = f"{body}CREATE OR REPLACE TRIGGER{trigger}"
    answer = ask(sql, schemas.snapshot(users, COUNTS))

    assert answer.refusals == ()
    assert answer.phases == ["expand", "contract"]
    assert answer.hazards[-1].message == LATE


def test_one_that_is_in_use_is_refused() -> None:
    _, used = BUMP.format("counts").split("$$;")
    function = Function(
        name=Name("public", "bump"),
        arguments="",
        definition="CREATE FUNCTION public.bump() RETURNS trigger LANGUAGE plpgsql"
        "\nAS $$ BEGIN UPDATE counts SET n = 1; RETURN NULL; END $$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )

    assert refused(bumped(used, COUNTS, functions=(function,))) == WITHOUT


def test_a_trigger_that_its_writes_fire_must_find_its_names_as_well() -> None:
    def nested(body: str) -> list[str]:
        function = Function(
            name=Name("public", "g"),
            arguments="",
            definition="CREATE FUNCTION public.g() RETURNS trigger LANGUAGE plpgsql"
            f"\nAS $$ BEGIN PERFORM {body}; RETURN NEW; END $$",
            language="plpgsql",
            volatility=Volatility.VOLATILE,
        )
        fires = replace(FORMER, function=function.name)
        counts = replace(COUNTS, triggers=(fires,))
        other = Table(name=Name("app", "logs"))
        sql = BUMP.format("counts")
        return refused(bumped(sql, counts, other, functions=(function,)))

    assert nested("count(*) FROM app.logs") == []
    assert nested("count(*) FROM users") == []
    assert nested("count(*) FROM logs") == WITHOUT


def test_a_function_that_is_made_again_and_would_lose_it_is_refused() -> None:
    again = (
        "CREATE OR REPLACE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN UPDATE counts SET n = n + 2; RETURN NULL; END $$;"
    )
    answer = bumped(BUMP.format("counts") + again, COUNTS)

    assert answer.refusals == (
        "this train makes or replaces bump before, and zdm does so once in a train",
    )


def test_two_triggers_of_one_function_keep_it_until_both_are_undone() -> None:
    more = "CREATE TRIGGER t AFTER INSERT ON counts EXECUTE FUNCTION bump();"
    answer = bumped(BUMP.format("counts") + more, COUNTS)
    undo = [step.undo for step in answer.steps if step.kind == "sql"]

    assert answer.phases == ["expand", "switch", "drop", "switch", "drop"]
    assert undo[1] == ('DROP TRIGGER IF EXISTS "t" ON "public"."users"',)
