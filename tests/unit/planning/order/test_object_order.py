import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Function, Name, Trigger, Volatility
from zdm.planning import classify, schedule

ADD = "ALTER TABLE users ADD COLUMN more int;\n"


def made(returns: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION every() RETURNS {returns} LANGUAGE sql AS '{body}';\n"


def planned(sql: str, former: str) -> Plan:
    function = Function(
        name=Name("public", "every"),
        arguments="",
        definition=former,
        language="sql",
        volatility=Volatility.VOLATILE,
    )
    train, here = schemas.train(sql), schemas.snapshot(schemas.users(), functions=(function,))
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


TABLE = "TABLE (id int, name text)"
NEW = "SELECT id, name FROM users"


@pytest.mark.parametrize("star", ["SELECT * FROM", "SELECT u.* FROM", "SELECT DISTINCT * FROM"])
@pytest.mark.parametrize("first", [True, False])
def test_a_column_is_not_added_before_a_function_that_selects_all_of_them_is_replaced(
    star: str, first: bool
) -> None:
    replacing = made(TABLE, NEW)
    sql = ADD + replacing if first else replacing + ADD

    with pytest.raises(RefusedError, match="calls of it may fail from there to"):
        planned(sql, made(TABLE, f"{star} public.users AS u"))


@pytest.mark.parametrize(
    ("returns", "body"),
    [
        (TABLE, "SELECT id, name FROM public.users"),
        (TABLE, "SELECT 2 * 3, name FROM public.users"),
        ("bigint", "SELECT count(*) FROM public.users"),
        ("SETOF public.users", "SELECT * FROM public.users"),
        (TABLE, "SELECT * FROM public.others"),
    ],
)
def test_others_are_replaced_behind_a_column_more(returns: str, body: str) -> None:
    plan = planned(ADD + made(returns, NEW), made(returns, body))

    assert [step.phase.value for step in plan.steps] == ["expand", "switch", "rollout"]
    assert not any("select `*`" in hazard.message for hazard in plan.hazards)


def test_functions_that_may_fail_by_a_column_more_are_named() -> None:
    plan = planned(ADD, made(TABLE, "SELECT * FROM public.users"))

    assert any("name users: every" in hazard.message for hazard in plan.hazards)


def with_trigger(sql: str, body: str = "RETURN NEW;") -> Plan:
    made = (
        f"CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$"
    )
    function = Function(
        name=Name("public", "f"),
        arguments="",
        definition=made,
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    former = Trigger(
        name="former",
        definition="CREATE TRIGGER former BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW"
        " EXECUTE FUNCTION public.f()",
        function=function.name,
        enabled="O",
    )
    here = schemas.snapshot(schemas.users(triggers=(former,)), functions=(function,))
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


GONE = "DROP TRIGGER former ON users;\n"
ON = "ON users FOR EACH ROW EXECUTE FUNCTION f();\n"


@pytest.mark.parametrize(
    "sql",
    [
        f"{GONE}CREATE TRIGGER other BEFORE UPDATE {ON}",
        f"CREATE TRIGGER other BEFORE UPDATE {ON}{GONE}",
        f"CREATE TRIGGER other AFTER INSERT OR DELETE {ON}{GONE}",
    ],
)
def test_a_trigger_of_another_name_is_not_made_beside_the_one_to_be_dropped(sql: str) -> None:
    with pytest.raises(RefusedError, match="both fire for the same writes"):
        with_trigger(sql)


def test_a_trigger_is_made_beside_one_to_be_dropped_that_fires_for_other_writes() -> None:
    other = with_trigger(f"{GONE}CREATE TRIGGER other AFTER DELETE {ON}")
    late = with_trigger(f"{GONE}CREATE TRIGGER other BEFORE INSERT {ON}", "RAISE 'no';")
    same = with_trigger(f"{GONE}CREATE TRIGGER former BEFORE UPDATE {ON}")

    assert [step.phase.value for step in other.steps] == ["switch", "rollout", "contract"]
    assert [step.phase.value for step in late.steps] == ["rollout", "contract", "contract"]
    assert [step.phase.value for step in same.steps] == ["switch", "rollout"]


EXTENDED = (
    "DROP FUNCTION every();\n"
    "CREATE FUNCTION every(more int DEFAULT 0) RETURNS bigint LANGUAGE sql AS 'SELECT 1';\n"
)
G = "CREATE FUNCTION g() RETURNS bigint LANGUAGE"


@pytest.mark.parametrize(
    "later",
    [
        f"{G} sql AS 'SELECT every(2)';",
        f"{G} plpgsql AS 'BEGIN RETURN every(2); END';\n"
        "ALTER TABLE users ALTER COLUMN id SET DEFAULT g();",
        "CREATE VIEW seen AS SELECT every(2);",
        "ALTER TABLE users ALTER COLUMN id SET DEFAULT every(2);",
    ],
)
def test_what_looks_an_extended_function_up_before_it_is_there_is_refused(later: str) -> None:
    with pytest.raises(RefusedError, match="does not do the two in the author's order"):
        planned(EXTENDED + later, made("bigint", "SELECT 1"))


def test_a_body_that_is_looked_at_when_it_runs_is_made_before_the_extended_function() -> None:
    later = f"{G} plpgsql AS 'BEGIN RETURN every(2); END';"
    plan = planned(EXTENDED + later, made("bigint", "SELECT 1"))

    phases = [step.phase.value for step in plan.steps]
    assert phases == ["expand", "switch", "rollout", "drop"]
