import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.catalog.database import Membership, Other
from zdm.model.plan import Plan
from zdm.model.schema import Function, Name, Snapshot, Trigger, Volatility
from zdm.planning import classify, schedule

AUDIT = "CREATE TABLE audit (id bigint);\n"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();\n"


def function(body: str, more: str = "") -> str:
    return (
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql {more} AS $$BEGIN {body};"
        " RETURN NULL; END$$;\n"
    )


INSERTS = function("INSERT INTO public.audit VALUES (NEW.id)")
APP, READER = "app=arw/", "reader=r/"


def planned(sql: str, *grants: str, snapshot: Snapshot | None = None) -> Plan:
    train = schemas.train(sql)
    here = snapshot or schemas.snapshot(schemas.users(grants=grants or (APP, READER)))
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


@pytest.mark.parametrize(
    "grant",
    [
        "",
        "GRANT SELECT ON audit TO app;",
        "GRANT INSERT ON audit TO reader;",
        "GRANT INSERT ON audit TO app; REVOKE INSERT ON audit FROM app;",
    ],
)
def test_a_trigger_that_writes_where_a_writer_of_its_table_may_not_is_refused(
    grant: str,
) -> None:
    with pytest.raises(RefusedError, match="app has no INSERT on audit, so each"):
        planned(AUDIT + INSERTS + TRIGGER + grant)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT INSERT ON audit TO app;",
        "GRANT INSERT (id) ON audit TO app;",
        "GRANT ALL ON audit TO PUBLIC;",
        "GRANT INSERT ON ALL TABLES IN SCHEMA public TO app;",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_with_the_right_it_is_planned(grant: str, first: bool) -> None:
    parts = (grant, INSERTS + TRIGGER) if first else (INSERTS + TRIGGER, grant)

    assert "create_trigger" in [o.slug for o in planned(AUDIT + "\n".join(parts)).operations]


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("INSERT INTO public.audit VALUES (NEW.id)", "SECURITY DEFINER SET search_path = ''"),
        ("-- INSERT INTO public.audit VALUES (1)\n PERFORM 1", ""),
        ("INSERT INTO public.audited VALUES (1)", ""),
        ("INSERT INTO other.audit VALUES (1)", ""),
        ("IF NEW.id IS DISTINCT FROM NULL THEN PERFORM 1; END IF", ""),
    ],
)
def test_what_does_not_write_there_as_the_role_needs_no_right(body: str, more: str) -> None:
    assert planned(AUDIT + function(body, more) + TRIGGER).operations


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ("UPDATE public.audit SET id = 1", "UPDATE"),
        ("DELETE FROM ONLY public.audit", "DELETE"),
        ("PERFORM 1 FROM public.audit", "SELECT"),
        ('INSERT INTO "public"."audit" VALUES (1)', "INSERT"),
    ],
)
def test_each_right_is_asked(body: str, right: str) -> None:
    with pytest.raises(RefusedError, match=f"app has no {right} on audit"):
        planned(AUDIT + function(body) + TRIGGER)


def test_only_writers_that_fire_it_need_it() -> None:
    late = TRIGGER.replace("INSERT", "DELETE")

    assert planned(AUDIT + INSERTS + late).operations
    assert planned(AUDIT + INSERTS + TRIGGER, READER).operations
    with pytest.raises(RefusedError, match="PUBLIC has no INSERT"):
        planned(AUDIT + INSERTS + TRIGGER, "=a/")


def test_a_role_has_what_its_groups_and_default_privileges_give() -> None:
    users = schemas.users(grants=(APP,))
    member = schemas.snapshot(users, memberships=(Membership(member="app", of="writers"),))
    granted = Other(kind="default acl", name="for role me on tables", definition="")
    by_default = schemas.snapshot(users, rights=(granted,))
    sql = AUDIT + INSERTS + TRIGGER

    assert planned(sql + "GRANT INSERT ON audit TO writers;", snapshot=member).operations
    assert planned(sql, snapshot=by_default).operations


def test_a_schema_of_its_own_needs_usage() -> None:
    sql = (
        "CREATE SCHEMA log;\nCREATE TABLE log.audit (id bigint);\n"
        "GRANT INSERT ON log.audit TO app;\n"
        + INSERTS.replace("public.audit", "log.audit")
        + TRIGGER
    )

    with pytest.raises(RefusedError, match="app has no USAGE on schema log"):
        planned(sql)
    assert planned(sql + "GRANT USAGE ON SCHEMA log TO app;").operations


def test_a_function_that_is_replaced_by_one_that_writes_elsewhere_is_asked_too() -> None:
    runs = Function(
        name=Name("public", "f"),
        arguments="",
        definition=function("PERFORM 1"),
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    trigger = Trigger(name="t", definition=TRIGGER, function=Name("public", "f"), enabled="O")
    here = schemas.snapshot(
        schemas.users(grants=(APP,), triggers=(trigger,)), functions=(runs,)
    )
    sql = AUDIT + INSERTS.replace("CREATE", "CREATE OR REPLACE", 1)

    with pytest.raises(RefusedError, match="app has no INSERT"):
        planned(sql, snapshot=here)
    assert planned(sql + "GRANT INSERT ON audit TO app;", snapshot=here).operations


NUMBERED = "CREATE TABLE audit (n serial, id bigint);\nGRANT INSERT ON audit TO app;\n"


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO public.audit (id) VALUES (NEW.id)",
        'INSERT INTO public.audit AS a ("id") SELECT NEW.id',
        "INSERT INTO public.audit VALUES (DEFAULT, NEW.id)",
        "INSERT INTO public.audit DEFAULT VALUES",
    ],
)
def test_a_default_that_draws_from_a_sequence_needs_usage_of_it(insert: str) -> None:
    sql = NUMBERED + function(insert) + TRIGGER

    with pytest.raises(RefusedError, match="app has no USAGE on sequence audit_n_seq"):
        planned(sql)
    assert planned(sql + "GRANT USAGE ON SEQUENCE audit_n_seq TO app;").operations
    assert planned(sql + "GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO app;").operations


@pytest.mark.parametrize(
    ("insert", "number"),
    [
        ("INSERT INTO public.audit (n, id) VALUES (NEW.id, NEW.id)", "serial"),
        ("INSERT INTO public.audit VALUES (nextval('s'), NEW.id)", "serial"),
        (
            "INSERT INTO public.audit (id) OVERRIDING USER VALUE VALUES (1)",
            "int GENERATED ALWAYS AS",
        ),
        ("INSERT INTO public.audit (id) VALUES (1)", "int DEFAULT 1"),
    ],
)
def test_what_draws_no_number_needs_no_sequence(insert: str, number: str) -> None:
    kind = f"{number} IDENTITY" if number.endswith("AS") else number
    sql = NUMBERED.replace("serial", kind) + function(insert) + TRIGGER

    assert planned(sql).operations


CALLED = "CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS $$SELECT 1$$;\n"
HIDDEN = CALLED + "REVOKE EXECUTE ON FUNCTION g(int) FROM PUBLIC;\n"


def test_a_function_that_is_called_needs_execute() -> None:
    sql = HIDDEN + function("PERFORM public.g(1)") + TRIGGER

    with pytest.raises(RefusedError, match="app has no EXECUTE on function g"):
        planned(sql)
    assert planned(sql + "GRANT EXECUTE ON FUNCTION g(int) TO app;").operations
    assert planned(sql.replace(HIDDEN, CALLED)).operations


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("PERFORM public.g(1)", "SECURITY DEFINER SET search_path = ''"),
        ("PERFORM 1 /* public.g(1) */", ""),
    ],
)
def test_what_is_not_called_as_the_role_needs_no_execute(body: str, more: str) -> None:
    assert planned(HIDDEN + function(body, more) + TRIGGER).operations


def test_which_of_two_functions_of_a_name_is_called_is_not_known() -> None:
    other = CALLED.replace("g(int)", "g(int, int)")

    assert planned(HIDDEN + other + function("PERFORM public.g(1, 2)") + TRIGGER).operations


def test_what_a_function_of_its_owner_calls_needs_no_right_of_the_writer() -> None:
    inner = HIDDEN + (
        "CREATE FUNCTION mid() RETURNS int LANGUAGE sql SECURITY DEFINER"
        " AS $$SELECT public.g(1)$$;\n"
    )

    assert planned(inner + function("PERFORM public.mid()") + TRIGGER).operations
