import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Function, Name, Policy, Snapshot, Trigger, Volatility

MADE = (
    "CREATE TRIGGER {n} {when} INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.f()"
)
F = Function(
    name=Name("public", "f"),
    arguments="",
    definition="… RAISE NOTICE '%', tg_name; …",
    language="plpgsql",
    volatility=Volatility.VOLATILE,
)


def trigger(name: str, when: str = "BEFORE", *, inherited: bool = False) -> Trigger:
    return Trigger(
        name=name,
        definition=MADE.format(n=name, when=when),
        function=F.name,
        enabled="O",
        inherited=inherited,
    )


def world(*others: Trigger) -> Snapshot:
    table = schemas.users(
        triggers=(trigger("m"), *others),
        policies=(Policy(name="p", definition="CREATE POLICY p ON public.users USING (true)"),),
    )
    return schemas.snapshot(table, functions=(F,))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "ALTER TRIGGER m ON users RENAME TO n",
            'ALTER TRIGGER "m" ON "public"."users" RENAME TO "n"',
        ),
        (
            "ALTER POLICY p ON users RENAME TO q",
            'ALTER POLICY "p" ON "public"."users" RENAME TO "q"',
        ),
    ],
)
def test_it_is_one_step_before_the_rollout(sql: str, said: str) -> None:
    answer = ask(sql, world())

    assert answer.slugs == ["rename_part"]
    assert answer.phases == ["expand"]
    assert answer.sql == [said]


def test_a_function_that_sees_the_name_is_a_hazard() -> None:
    (hazard,) = ask("ALTER TRIGGER m ON users RENAME TO n", world()).hazards

    assert hazard.message.startswith("the function f reads TG_NAME, which is n from the expand")


def test_the_snapshot_has_it_under_the_new_name() -> None:
    after = ask("ALTER TRIGGER m ON users RENAME TO n", world()).after
    (renamed,) = after.require_table(Name("public", "users")).triggers

    assert renamed.name == "n"
    assert renamed.definition.startswith("CREATE TRIGGER n BEFORE")


def test_a_trigger_of_another_time_may_be_passed() -> None:
    passed = world(trigger("n", "AFTER"))

    assert ask("ALTER TRIGGER m ON users RENAME TO o", passed).refusals == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TRIGGER gone ON users RENAME TO n", "users has no trigger gone"),
        ("ALTER TRIGGER m ON users RENAME TO k", "users has a trigger k already"),
        ("ALTER TRIGGER m ON users RENAME TO j", "j would fire on the other side of k"),
        ("ALTER TRIGGER m ON users RENAME TO zzz_zdm_m", "the other side of those of zdm"),
        ("ALTER POLICY p ON users RENAME TO p", "users has a policy p already"),
        ("ALTER TRIGGER l ON users RENAME TO ll", "users is partitioned"),
        ("ALTER TRIGGER m ON gone RENAME TO n", "there is no table gone"),
    ],
)
def test_what_would_fail_or_change_the_order_is_refused(sql: str, said: str) -> None:
    (refusal,) = ask(sql, world(trigger("k"), trigger("l", inherited=True))).refusals

    assert said in refusal
