import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import Backfill, Irreversible
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table, Trigger

STATEMENT = "INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' FROM users AS u;"
KEY = Index(
    name="settings_pkey", definition="", keys=("user_id",), columns=("user_id",), unique=True
)


def settings(*, index: Index = KEY, not_null: bool = True, rows: int | None = None) -> Table:
    return Table(
        name=Name("public", "settings"),
        columns=(
            Column(name="user_id", type="bigint", not_null=not_null),
            Column(name="theme", type="text"),
        ),
        indexes=(index,),
        rows=rows,
    )


def with_users(table: Table, rows: int | None = None) -> Snapshot:
    return schemas.snapshot(schemas.users(rows=rows), table)


def test_rows_of_a_big_table_are_copied_by_its_key() -> None:
    answer = ask(STATEMENT, with_users(settings()))
    (step,) = answer.steps

    assert answer.slugs == ["copy_rows"]
    assert isinstance(step, Backfill)
    assert (step.table, step.key) == (Name("public", "users"), ("id",))
    assert step.copy is not None
    assert step.copy.sql == (
        "INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' FROM zdm_rows u"
        " ON CONFLICT (user_id) DO NOTHING"
    )
    assert not step.deletes
    assert isinstance(step.undo, Irreversible)
    assert step.undo.rows


def test_it_locks_what_the_statement_of_its_author_locks() -> None:
    (step,) = ask(STATEMENT, with_users(settings())).steps

    assert [(lock.table.name, lock.mode) for lock in step.locks] == [
        ("settings", LockMode.ROW_EXCLUSIVE),
        ("users", LockMode.ACCESS_SHARE),
    ]


def test_the_rows_of_a_small_table_are_one_statement() -> None:
    assert ask(STATEMENT, with_users(settings(), rows=9)).slugs == ["insert_rows"]


def test_a_row_is_missing_while_its_key_is_not_there() -> None:
    (step,) = ask(STATEMENT, with_users(settings())).steps

    assert isinstance(step, Backfill)
    assert step.differs == (
        "EXISTS (SELECT FROM (SELECT u.id AS zdm_1 FROM (SELECT users.*) u) AS zdm_row WHERE"
        ' NOT EXISTS (SELECT FROM "public"."settings" AS zdm_copy WHERE'
        ' zdm_copy."user_id" = CAST(zdm_row.zdm_1 AS bigint)))'
    )


def test_what_it_leaves_out_and_who_sees_it_is_a_hazard() -> None:
    hazards = [hazard.message for hazard in ask(STATEMENT, with_users(settings())).hazards]

    assert len(hazards) == 3
    assert "later get none in settings" in hazards[0]
    assert "both versions see the new rows" in hazards[1]
    assert "a row whose user_id is in settings already" in hazards[2]


def test_rows_that_its_author_leaves_out_are_no_hazard() -> None:
    sql = STATEMENT.replace(";", " ON CONFLICT DO NOTHING;")
    answer = ask(sql, with_users(settings()))

    assert len(answer.hazards) == 2
    assert "ON CONFLICT DO NOTHING" in _copy(answer.steps[0])


def _copy(step: object) -> str:
    assert isinstance(step, Backfill)
    assert step.copy is not None
    return step.copy.sql


def test_a_table_that_the_train_makes_needs_no_unique_key() -> None:
    answer = ask(
        "CREATE TABLE names (id bigserial, owner bigint, email text);"
        " INSERT INTO names (owner, email) SELECT id, email FROM users;"
    )
    copy = next(step for step in answer.steps if isinstance(step, Backfill))

    assert copy.undo == ()
    assert copy.copy is not None
    assert not copy.copy.unique
    assert "no index of names is on owner" in answer.hazards[-1].message


def test_equal_rows_of_select_distinct_are_known_by_their_key() -> None:
    made = "CREATE TABLE names (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);"
    answer = ask(f"{made} INSERT INTO names (name) SELECT DISTINCT email FROM users;")

    assert answer.slugs == ["create_table", "copy_rows"]


def test_a_star_is_spelt_out() -> None:
    copies = schemas.users(name=Name("public", "copies"))
    answer = ask("INSERT INTO copies SELECT * FROM users;", with_users(copies))

    assert "SELECT users.id, users.email" in _copy(answer.steps[0])


DEFERRABLE = Constraint(
    name="k",
    kind="unique",
    columns=("user_id",),
    definition="UNIQUE (user_id) DEFERRABLE",
    index="k",
)
KEPT = Trigger(
    name="keep",
    definition="CREATE TRIGGER keep BEFORE INSERT ON public.settings FOR EACH ROW"
    " EXECUTE FUNCTION keep()",
    function=Name("public", "keep"),
    enabled="O",
)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO settings SELECT id, max(email) FROM users GROUP BY id", "rows together"),
        ("INSERT INTO settings SELECT max(id), 'x' FROM users", "rows together"),
        ("INSERT INTO settings SELECT mine(id), 'x' FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, row_number() OVER () FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, email FROM users LIMIT 5", "rows together"),
        ("INSERT INTO settings SELECT DISTINCT ON (id) id, email FROM users", "rows together"),
        ("INSERT INTO settings SELECT 1, 'x' UNION SELECT id, 'y' FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, 'x' FROM users RETURNING theme", "rows together"),
        (
            "INSERT INTO settings SELECT id, 'x' FROM users ON CONFLICT (user_id) DO UPDATE SET"
            " theme = 'x'",
            "rows together",
        ),
        ("INSERT INTO settings SELECT u.id, u.ctid FROM users AS u", "rows together"),
        ("INSERT INTO settings SELECT DISTINCT id, email FROM users", "no unique key"),
        ("INSERT INTO settings (theme) SELECT email FROM users", "no unique key"),
        ("INSERT INTO settings SELECT id FROM users WHERE id > random()", "at another time"),
        ("INSERT INTO settings SELECT user_id + 1, theme FROM settings", "puts rows there"),
        ("INSERT INTO settings SELECT * FROM users, users AS u", "do not fit"),
        ("INSERT INTO settings (user_id) SELECT id, 'x' FROM users", "do not fit"),
    ],
)
def test_what_batches_would_do_otherwise_is_refused(sql: str, reason: str) -> None:
    (refusal,) = ask(f"{sql};", with_users(settings())).refusals

    assert reason in refusal


def test_a_key_that_may_be_null_names_no_row() -> None:
    (refusal,) = ask(STATEMENT, with_users(settings(not_null=False))).refusals

    assert "no unique key" in refusal


def test_a_trigger_that_may_change_the_rows_is_refused() -> None:
    table = Table(
        name=Name("public", "settings"),
        columns=settings().columns,
        indexes=(KEY,),
        triggers=(KEPT,),
    )
    (refusal,) = ask(STATEMENT, with_users(table)).refusals

    assert "keep may change or leave out rows" in refusal


def test_a_constraint_that_is_checked_at_the_end_is_no_key() -> None:
    index = Index(
        name="k",
        definition="",
        keys=("user_id",),
        columns=("user_id",),
        unique=True,
        constraint="k",
    )
    table = Table(
        name=Name("public", "settings"),
        columns=settings().columns,
        indexes=(index,),
        constraints=(DEFERRABLE,),
    )
    (refusal,) = ask(STATEMENT, with_users(table)).refusals

    assert "no unique key" in refusal
