import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, Irreversible, RunSql
from zdm.model.schema import Column, Function, Name, Snapshot, Volatility


def start() -> Snapshot:
    table = schemas.users(Column(name="n", type="integer", grants=("app=w/",)))
    twice = Function(
        name=Name("public", "twice"),
        arguments="n integer",
        definition="",
        language="sql",
        volatility=Volatility.IMMUTABLE,
    )
    return schemas.snapshot(
        schemas.users(*table.columns[3:], grants=("app=ar/", '"odd role"=r*/')),
        functions=(twice,),
    )


def steps(sql: str) -> list[RunSql]:
    return [s for s in ask(sql, start()).steps if isinstance(s, RunSql)]


def test_undo_takes_back_what_was_not_there() -> None:
    (step,) = steps("GRANT SELECT, UPDATE (n, email), DELETE ON users TO app;")

    assert step.phase == "expand"
    assert step.undo == (
        'REVOKE DELETE ON TABLE "public"."users" FROM "app"',
        'REVOKE UPDATE ("email") ON TABLE "public"."users" FROM "app"',
    )


def test_the_option_to_grant_is_a_right_of_its_own() -> None:
    first, second = steps(
        'GRANT SELECT ON users TO app, "odd role" WITH GRANT OPTION;'
        ' REVOKE GRANT OPTION FOR SELECT ON users FROM "odd role";'
    )

    assert first.undo == (
        'REVOKE GRANT OPTION FOR SELECT ON TABLE "public"."users" FROM "app"',
    )
    assert second.phase == "contract"


def test_what_is_revoked_may_be_what_the_old_version_needs() -> None:
    answer = ask("REVOKE ALL ON users FROM app;", start())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.phases == ["contract"]
    assert isinstance(step.undo, Irreversible)
    assert "users.n" in answer.operations[0].title
    assert "42501" in answer.hazards[0].message
    assert [c.sql for c in step.preconditions] == ["SELECT current_user <> 'app'"]
    assert answer.after.tables[0].grants == ('"odd role"=r*/',)
    assert answer.after.tables[0].require_column("n").grants == ()


def test_a_later_statement_knows_the_rights_that_an_earlier_one_gave() -> None:
    assert len(steps("GRANT DELETE ON users TO app; GRANT DELETE ON users TO app;")) == 1
    assert steps("GRANT SELECT ON users TO app; REVOKE TRUNCATE ON users FROM app;") == []


def test_public_may_execute_a_function_until_that_is_revoked() -> None:
    assert steps("GRANT EXECUTE ON FUNCTION twice TO PUBLIC;") == []
    (step,) = steps("REVOKE EXECUTE ON FUNCTION twice(int) FROM PUBLIC;")

    assert "to_regprocedure" in step.probe


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("GRANT SELECT ON gone TO app", "gone is not in the schema"),
        ("GRANT EXECUTE ON FUNCTION twice(text) TO app", "twice is not in the schema"),
        ("GRANT SELECT ON users TO CURRENT_USER", "which is not known yet"),
        ("REVOKE SELECT ON users FROM app CASCADE", "unlisted"),
        ("GRANT SELECT ON users TO app GRANTED BY CURRENT_USER", "another grantor"),
        (
            "REVOKE SELECT ON users FROM app; SET search_path = public;"
            " GRANT SELECT ON users TO app",
            "under other settings",
        ),
        (
            "REVOKE SELECT ON users FROM app; CREATE TABLE t (id int);"
            " GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
            "grants these rights again",
        ),
    ],
)
def test_what_cannot_be_undone_or_means_the_session_is_refused(sql: str, said: str) -> None:
    assert said in ask(f"{sql};", start()).refusals[0]


def test_undo_leaves_the_same_right_on_columns() -> None:
    (step,) = steps("GRANT UPDATE ON users TO app;")

    assert step.undo == (
        'REVOKE UPDATE ON TABLE "public"."users" FROM "app"',
        'GRANT UPDATE ("n") ON TABLE "public"."users" TO "app"',
    )


def test_what_is_granted_again_is_not_lost() -> None:
    answer = ask(
        "REVOKE ALL ON users FROM app; REVOKE INSERT ON users FROM app;"
        " GRANT SELECT, DELETE ON users TO app;",
        start(),
    )
    early, late = (step for step in answer.steps if isinstance(step, RunSql))

    assert early.undo == ('REVOKE DELETE ON TABLE "public"."users" FROM "app"',)
    assert late.phase == "contract"
    assert [sql.split()[:2] for sql in late.sql] == [
        ["REVOKE", "ALL"],
        ["REVOKE", "INSERT"],
        ["GRANT", "SELECT,"],
    ]
    assert "'INSERT'" in late.probe
    assert "'SELECT'" not in late.probe
    assert len(answer.hazards) == 1


def test_nothing_is_revoked_that_stays() -> None:
    sql = "REVOKE ALL ON users FROM app; GRANT SELECT, INSERT, UPDATE (n) ON users TO app;"

    assert steps(sql) == []
    assert ask(sql, start()).hazards == ()


def test_a_statement_about_other_roles_or_rights_stays_alone() -> None:
    other = steps('REVOKE SELECT ON users FROM app; GRANT SELECT ON users TO "odd role";')
    rights = steps("REVOKE SELECT ON users FROM app; GRANT TRUNCATE ON users TO app;")

    assert [step.phase for step in other] == ["contract"]
    assert sorted(step.phase for step in rights) == ["contract", "expand"]


def test_other_rights_on_a_column_to_come_are_not_granted_again() -> None:
    add = "ALTER TABLE users ADD COLUMN m text"
    answer = ask(f"REVOKE INSERT ON users FROM app; {add}; GRANT UPDATE (m) ON users TO app;")

    assert answer.refusals == ()
    again = ask(f"REVOKE ALL ON users FROM app; {add}; GRANT UPDATE (m) ON users TO app;")
    assert "grants these rights again" in again.refusals[0]


def test_a_new_function_is_closed_to_public_at_once() -> None:
    sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"

    assert ask(f"{sql} REVOKE ALL ON FUNCTION f() FROM PUBLIC;", start()).phases == [
        "expand",
        "expand",
    ]


def test_what_is_in_no_list_may_be_an_owners() -> None:
    (step,) = steps("REVOKE SELECT ON users FROM somebody;")

    assert (step.phase, step.undo, step.serves) == ("contract", (), BOTH)
    assert step.preconditions[0].failure.startswith("somebody owns users")


def test_a_grant_behind_what_an_owner_would_lose_looks_for_it() -> None:
    (step,) = steps("REVOKE ALL ON users FROM somebody; GRANT SELECT ON users TO somebody;")

    assert step.phase == "expand"
    assert step.preconditions[0].failure.startswith("somebody owns users")


def test_public_and_columns_have_no_owner() -> None:
    assert steps("REVOKE SELECT ON users FROM PUBLIC;") == []
    assert steps("REVOKE SELECT (email) ON users FROM somebody;") == []
