from dataclasses import replace

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.schema import Function, Name, Trigger, Volatility

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
