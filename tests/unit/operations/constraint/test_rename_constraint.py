import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import NEW_ONLY, RunSql
from zdm.model.schema import Constraint

CHECK = Constraint(name="k", kind="check", columns=("id",), definition="CHECK ((id > 0))")


def test_the_old_version_keeps_the_name_that_it_knows() -> None:
    answer = ask("ALTER TABLE users RENAME CONSTRAINT users_pkey TO pk;")
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.slugs == ["rename_constraint"]
    assert answer.phases == ["contract"]
    assert step.serves == NEW_ONLY
    assert step.undo == ('ALTER TABLE "public"."users" RENAME CONSTRAINT "pk" TO "users_pkey"',)
    assert "ON CONSTRAINT" in answer.hazards[0].message
    assert [i.name for i in answer.after.tables[0].indexes] == ["pk"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("gone TO a", "users has no constraint gone of its own"),
        ("k TO users_pkey", "the name users_pkey is in use already"),
        ("users_pkey TO users", "the name users is in use already"),
        ("above TO a", "comes from a table above it"),
    ],
)
def test_what_would_fail_is_refused(names: str, said: str) -> None:
    above = Constraint(
        name="above", kind="check", columns=(), definition="CHECK (true)", inherited=True
    )
    table = schemas.users(constraints=(*schemas.users().constraints, CHECK, above))
    answer = ask(
        f"ALTER TABLE users RENAME CONSTRAINT {names};"
        " ALTER TABLE gone RENAME CONSTRAINT a TO b;",
        schemas.snapshot(table),
    )

    assert said in answer.refusals[0]
    assert "there is no table gone" in answer.refusals[1]
