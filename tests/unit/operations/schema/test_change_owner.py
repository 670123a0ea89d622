import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Other
from zdm.model.plan import Irreversible, RunSql
from zdm.model.schema import Column, Function, Name, Sequence, Snapshot, View, Volatility
from zdm.schema.effects import owners

SERIAL = Sequence(
    name=Name("public", "users_id_seq"),
    type="bigint",
    start=1,
    increment=1,
    minimum=1,
    maximum=9,
    owner_table=Name("public", "users"),
    owner_column="id",
    grants=("joe=U/",),
)
SEEN = View(
    name=Name("public", "seen"),
    kind="view",
    definition="SELECT 1",
    grants=("joe=r/", "ann=r/"),
    column_grants=(("id", ("joe=w/",)),),
)


def function(definition: str) -> Function:
    return Function(
        name=Name("public", "f"),
        arguments="",
        definition=definition,
        language="sql",
        volatility=Volatility.VOLATILE,
    )


def world(**details: object) -> Snapshot:
    return schemas.snapshot(schemas.users(**details), sequences=(SERIAL,), views=(SEEN,))


def test_it_is_the_last_step_and_has_no_way_back() -> None:
    answer = ask("ALTER TABLE users OWNER TO joe", world())

    assert answer.slugs == ["change_owner"]
    assert answer.phases == ["drop"]
    assert answer.sql == ['ALTER TABLE "public"."users" OWNER TO "joe"']
    (step,) = answer.steps
    assert isinstance(step, RunSql)
    assert isinstance(step.undo, Irreversible)
    assert [str(lock.table) for lock in step.locks] == ["users"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER VIEW seen OWNER TO joe", 'ALTER VIEW "public"."seen" OWNER TO "joe"'),
        ("ALTER TABLE seen OWNER TO joe", 'ALTER VIEW "public"."seen" OWNER TO "joe"'),
        ('ALTER FUNCTION f() OWNER TO "J"', 'ALTER ROUTINE "public"."f"() OWNER TO "J"'),
    ],
)
def test_the_statement_names_the_kind_and_the_schema(sql: str, said: str) -> None:
    there = schemas.snapshot(views=(SEEN,), functions=(function("… AS 'SELECT 1'"),))

    assert ask(sql, there).sql == [said]


def test_what_the_train_makes_gets_it_before_the_rollout() -> None:
    made = "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    answer = ask(f"{made} ALTER FUNCTION g() OWNER TO joe")

    assert answer.phases == ["expand", "expand"]
    assert isinstance(answer.steps[1], RunSql)
    assert answer.steps[1].undo == ()


def test_the_hazards_say_who_must_be_a_member_and_who_sees_all_rows() -> None:
    answer = ask("ALTER TABLE users OWNER TO joe", world(row_security="enabled"))

    assert [hazard.message for hazard in answer.hazards] == [
        "the run does not begin if the role that runs it or the owner of table"
        " users is no member of joe",
        "until the last step table users belongs to its present owner, so joe has only the"
        " rights that it was granted",
        "row security no longer hides rows of users from joe and its members, as they own it"
        " then",
    ]


def test_its_own_rights_are_shown_where_it_could_grant_them() -> None:
    column = Column(name="nick", type="text", grants=("ann=r/", "joe=w/"))
    before = world(grants=("ann=r/", "joe=rw*/", "kim=w/joe"))
    there = ask("ALTER TABLE users OWNER TO joe", before).after
    assert there.require_table(Name("public", "users")).grants == (
        "ann=r/",
        "joe=raw*dDxtm/",
        "kim=w/",
    )
    assert there.sequences[0].grants == ()

    two = schemas.snapshot(schemas.users(column), views=(SEEN,))
    after = ask("ALTER TABLE users OWNER TO joe; ALTER VIEW seen OWNER TO joe", two).after
    assert after.require_table(Name("public", "users")).require_column("nick").grants == (
        "ann=r/",
        "joe=w/",
    )
    assert after.views[0].grants == ("ann=r/",)
    assert after.views[0].column_grants == (("id", ("joe=w/",)),)


def test_what_two_granted_is_joined() -> None:
    assert owners.joined(("ann=r*/", "ann=rw/joe", "=r/joe"), "joe") == ("=r/", "ann=r*w/")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE users OWNER TO SESSION_USER", "CURRENT_USER and the like mean"),
        ("ALTER TABLE gone OWNER TO joe", "gone is not in the schema"),
        ("ALTER SEQUENCE users_id_seq OWNER TO joe", "users_id_seq belongs to users.id"),
        ("ALTER SCHEMA public OWNER TO joe", "the new owner of a schema needs CREATE"),
        ("ALTER FUNCTION f() OWNER TO joe", "f is SECURITY DEFINER"),
        ("ALTER TABLE users OWNER TO joe; GRANT SELECT ON users TO ann", "changes rights on"),
        ("ALTER TABLE users OWNER TO joe; DROP TABLE users", "drops, renames or moves users"),
        (
            "ALTER TABLE users OWNER TO joe; ALTER TABLE users SET SCHEMA s",
            "drops, renames or moves users",
        ),
        ("ALTER PUBLICATION p OWNER TO joe", "a new owner counts at once"),
    ],
)
def test_what_cannot_be_planned_is_refused(sql: str, said: str) -> None:
    snapshot = schemas.snapshot(
        schemas.users(),
        schemas=("public", "s"),
        sequences=(SERIAL,),
        functions=(function("CREATE … SECURITY DEFINER AS"),),
        rights=(Other(kind="schema", name="s"),),
    )
    refusals = ask(sql, snapshot).refusals

    assert any(said in refusal for refusal in refusals), refusals


def test_policies_that_bind_the_owner_are_refused() -> None:
    (said,) = ask("ALTER TABLE users OWNER TO joe", world(row_security="forced")).refusals

    assert said.startswith("the policies of users bind its owner, too")
