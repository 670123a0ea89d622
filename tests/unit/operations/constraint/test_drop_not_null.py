import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, RunSql
from zdm.model.schema import Column, Constraint, Name, Snapshot

ALTER, CHECK = 'ALTER TABLE "public"."users"', '"zdm_users_email_not_null"'
DROP = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;"


def test_it_is_one_step_before_the_rollout_that_serves_both_versions() -> None:
    answer = ask(DROP)
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.slugs == ["drop_not_null"]
    assert (answer.phases, step.serves) == (["expand"], BOTH)
    assert answer.sql == ['ALTER TABLE "public"."users" ALTER COLUMN "email" DROP NOT NULL']
    assert step.undo == (
        f"{ALTER} DROP CONSTRAINT IF EXISTS {CHECK}",
        f'{ALTER} ADD CONSTRAINT {CHECK} CHECK ("email" IS NOT NULL) NOT VALID',
    )
    assert step.undo_proof == (
        f"{ALTER} VALIDATE CONSTRAINT {CHECK}",
        f'{ALTER} ALTER COLUMN "email" SET NOT NULL',
        f"{ALTER} DROP CONSTRAINT IF EXISTS {CHECK}",
    )


def test_its_undo_is_only_tried_where_no_row_holds_null() -> None:
    (step,) = ask(DROP).steps

    assert isinstance(step, RunSql)
    assert [check.sql for check in step.undo_checks] == [
        'SELECT NOT EXISTS (SELECT 1 FROM "public"."users" WHERE "email" IS NULL)'
    ]


def test_its_hazards_are_the_nulls_that_the_old_version_reads_and_that_no_rollback_takes() -> (
    None
):
    first, second = (hazard.message for hazard in ask(DROP).hazards)

    assert "the old version reads each NULL" in first
    assert "NOT NULL cannot be restored" in second


def test_the_snapshot_has_what_it_leaves() -> None:
    table = schemas.users()
    left = replace(table.require_column("email"), not_null=False)
    columns = tuple(left if c.name == "email" else c for c in table.columns)

    assert ask(DROP).after == schemas.snapshot(replace(table, columns=columns))


def test_of_a_column_that_may_be_null_nothing_is_planned() -> None:
    answer = ask("ALTER TABLE users ALTER COLUMN name DROP NOT NULL;")

    assert answer.slugs == ["drop_not_null"]
    assert answer.steps == ()
    assert answer.hazards == ()


def test_the_name_of_the_constraint_is_given_back_on_18() -> None:
    named = Constraint(
        name="must", kind="not null", columns=("email",), definition="NOT NULL email"
    )
    table = schemas.users()
    own = replace(table, constraints=(*table.constraints, named))
    (step,) = ask(DROP, schemas.snapshot(own, version=180000)).steps

    assert isinstance(step, RunSql)
    assert isinstance(step.undo, tuple)
    assert step.undo[-1].endswith('ADD CONSTRAINT "must" NOT NULL "email" NOT VALID')
    assert step.undo_proof == (f'{ALTER} VALIDATE CONSTRAINT "must"',)


def _family(*, child_not_null: bool) -> Snapshot:
    child = schemas.users(name=Name("public", "kin"), inherits=(schemas.USERS,))
    email = Column(name="email", type="text", not_null=child_not_null)
    columns = (child.columns[0], email, *child.columns[2:])
    return schemas.snapshot(schemas.users(), replace(child, columns=columns))


def test_tables_that_inherit_are_locked_with_it() -> None:
    (step,) = ask(DROP, _family(child_not_null=True)).steps

    assert isinstance(step, RunSql)
    assert [str(lock.table) for lock in step.locks] == ["kin", "users"]


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        ("ALTER TABLE users ALTER COLUMN id DROP NOT NULL;", "part of the primary key"),
        (
            "ALTER TABLE ONLY users ALTER COLUMN email DROP NOT NULL;",
            "would not have the same NOT NULL",
        ),
    ],
)
def test_what_postgresql_or_a_rollback_cannot_do_is_refused(sql: str, fact: str) -> None:
    (refusal,) = ask(sql, _family(child_not_null=True)).refusals

    assert fact in refusal


def test_where_a_table_below_allows_null_already_it_is_refused() -> None:
    (refusal,) = ask(DROP, _family(child_not_null=False)).refusals

    assert "do not have the same NOT NULL" in refusal


def test_under_forced_row_security_only_the_undo_itself_sees_every_row() -> None:
    (step,) = ask(DROP, schemas.snapshot(schemas.users(row_security="forced"))).steps

    assert isinstance(step, RunSql)
    assert step.undo_checks == ()
