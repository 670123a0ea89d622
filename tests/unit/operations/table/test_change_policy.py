import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, Irreversible, Plan, RunSql
from zdm.model.schema import Column, Name, Policy, Snapshot, Table
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

KEPT = Policy(
    name="kept",
    definition="CREATE POLICY kept ON public.users AS PERMISSIVE FOR ALL TO PUBLIC"
    " USING (true)",
)
ENABLE = "ALTER TABLE users ENABLE ROW LEVEL SECURITY;"
FORCE = "ALTER TABLE users FORCE ROW LEVEL SECURITY"


def start(*policies: Policy, security: str = "") -> Snapshot:
    return schemas.snapshot(schemas.users(policies=policies, row_security=security))


def test_a_permissive_policy_hides_no_row() -> None:
    answer = ask(f"CREATE POLICY p ON users USING (id > 0); {ENABLE}", start())
    first, second = answer.steps

    assert isinstance(first, RunSql)
    assert answer.phases == ["expand", "contract"]
    assert first.serves == BOTH
    assert first.undo == ('DROP POLICY IF EXISTS "p" ON "public"."users"',)
    assert isinstance(second, RunSql)
    assert isinstance(second.undo, Irreversible)
    assert answer.after.tables[0].row_security == "enabled"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE POLICY p ON users AS RESTRICTIVE USING (id > 0)",
        "ALTER POLICY kept ON users USING (id > 0)",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
    ],
)
def test_what_may_hide_or_show_rows_waits_for_the_contract(sql: str) -> None:
    answer = ask(sql, start(KEPT, security="enabled"))

    assert answer.phases == ["contract"]
    assert "until" in answer.hazards[0].message


def test_force_is_the_last_step() -> None:
    answer = ask(f"{FORCE}; ALTER TABLE users DROP COLUMN name;", start(KEPT))

    assert answer.phases == ["drop", "drop"]
    plan = planned(f"{FORCE}; ALTER TABLE users DROP COLUMN name;", start(KEPT))
    assert plan.steps[-1].title == "force row security of users"


def test_without_row_security_a_dropped_policy_is_made_again() -> None:
    (step,) = ask("DROP POLICY kept ON users;", start(KEPT)).steps

    assert isinstance(step, RunSql)
    assert step.undo == (
        'DROP POLICY IF EXISTS "kept" ON "public"."users"',
        KEPT.definition,
    )


def test_a_policy_is_replaced_in_one_transaction() -> None:
    drop, create = "DROP POLICY kept ON users", "CREATE POLICY kept ON users USING (id > 1)"
    answer = ask(f"{drop}; {create};", start(KEPT, security="enabled"))
    (step,) = answer.steps

    assert answer.phases == ["contract"]
    assert answer.sql == [drop, create]
    assert step.id == "users-kept-replace"
    assert [p.name for p in answer.after.tables[0].policies] == ["kept"]


def test_the_last_policy_is_dropped_where_another_one_is_made_before_it() -> None:
    made = "CREATE POLICY reader ON users FOR SELECT USING (true)"
    answer = ask(
        f"DROP POLICY IF EXISTS kept ON users; {made};", start(KEPT, security="enabled")
    )

    assert answer.refusals == ()
    assert sorted(answer.phases) == ["contract", "expand"]
    assert [p.name for p in answer.after.tables[0].policies] == ["reader"]


@pytest.mark.parametrize(
    "made",
    [
        "CREATE POLICY p ON users AS RESTRICTIVE USING (true)",
        "CREATE POLICY p ON users USING (true); DROP POLICY p ON users",
        "CREATE POLICY p ON other USING (true)",
    ],
)
def test_nothing_is_left_to_show_the_rows(made: str) -> None:
    before = schemas.snapshot(
        schemas.users(policies=(KEPT,), row_security="enabled"),
        Table(name=Name("public", "other"), columns=(Column(name="id", type="integer"),)),
    )
    answer = ask(f"DROP POLICY kept ON users; {made};", before)

    assert "row security hides every row" in answer.refusals[0]


def test_sub_commands_are_steps_of_their_own() -> None:
    both = "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"

    assert ask(both, start(KEPT)).sql == [
        "ALTER TABLE public.users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.users FORCE ROW LEVEL SECURITY",
    ]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DROP POLICY kept ON users", "row security hides every row"),
        ("CREATE POLICY kept ON users", "has a policy kept already"),
        ("ALTER POLICY gone ON users USING (true)", "has no policy gone"),
        ("CREATE POLICY p ON gone", "there is no table gone"),
    ],
)
def test_what_hides_all_or_would_fail_is_refused(sql: str, said: str) -> None:
    assert said in ask(f"{sql};", start(KEPT, security="enabled")).refusals[0]


def test_row_security_needs_a_policy_first() -> None:
    assert "no permissive policy" in ask(ENABLE, start()).refusals[0]


def test_a_policy_below_row_security_is_there_before_it() -> None:
    answer = ask(f"{ENABLE} CREATE POLICY p ON users USING (id > 0);", start())

    assert answer.phases == ["contract", "expand"]
    assert answer.sql[1].startswith("CREATE POLICY p")
    assert not any("from the expand on" in hazard.message for hazard in answer.hazards)
    assert answer.after.tables[0].row_security == "enabled"


@pytest.mark.parametrize(
    "policy",
    [
        "CREATE POLICY p ON users AS RESTRICTIVE USING (id > 0)",
        "-- zdm: run in contract -- reviewed\nCREATE POLICY p ON users USING (id > 0)",
    ],
)
def test_a_policy_that_comes_late_shows_no_row_before(policy: str) -> None:
    assert "no permissive policy" in ask(f"{ENABLE}\n{policy};", start()).refusals[0]


def test_behind_a_rename_the_policy_is_found_under_its_new_name() -> None:
    sql = 'ALTER POLICY kept ON users RENAME TO "New"; ALTER POLICY "New" ON users USING (true)'
    answer = ask(sql, start(KEPT))

    assert [message for message in answer.refusals if "has no policy" in message] == []
    (policy,) = answer.after.tables[0].policies
    assert policy.name == "New"
    assert policy.definition.startswith('CREATE POLICY "New" ON public.users')


@pytest.mark.parametrize(
    ("behind", "refused"),
    [
        ("DELETE FROM users WHERE id = 1", True),
        ("-- zdm: run in contract -- few\nINSERT INTO names SELECT id FROM users", True),
        ("ALTER TABLE names ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES users", True),
        ("ALTER TABLE users ADD CHECK (id > 0)", False),
        ("DELETE FROM names WHERE id = 1", False),
    ],
)
def test_what_takes_rows_stands_above_force(behind: str, *, refused: bool) -> None:
    names = Table(name=Name("public", "names"), columns=(Column(name="id", type="bigint"),))
    schema = schemas.snapshot(schemas.users(policies=(KEPT,), row_security="enabled"), names)
    found = [
        messages(f"{one};\n{other};", schema)
        for one, other in ((FORCE, behind), (behind, FORCE))
    ]

    assert ["behind FORCE" in text for text in found] == [refused, False]


def messages(sql: str, schema: Snapshot) -> str:
    try:
        planned(sql, schema)
    except TrainRefusedError as error:
        return str(error)
    return ""


def planned(sql: str, schema: Snapshot) -> Plan:
    train = schemas.train(sql)
    found = classify.classify(train, schema)
    return schedule.plan(found, name="m", train=train, snapshot=schema)
