import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, RunSql
from zdm.model.schema import Constraint, Snapshot

VALIDATE = "ALTER TABLE users VALIDATE CONSTRAINT k;"


def users(**details: object) -> Snapshot:
    values: dict[str, object] = {
        "name": "k", "kind": "check", "columns": ("name",), "validated": False,
        "definition": "CHECK ((name <> ''::text)) NOT VALID",
    }  # fmt: skip
    constraint = Constraint(**{**values, **details})  # type: ignore[arg-type]  # any field
    return schemas.snapshot(schemas.users(constraints=(constraint,)))


def test_it_is_one_scan_before_the_rollout_behind_a_look_at_the_rows() -> None:
    answer = ask(VALIDATE, users())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert (answer.slugs, answer.phases) == (["validate_constraint"], ["validate"])
    assert step.serves == BOTH
    assert step.preconditions[0].failure == "rows of users break check k"
    assert "stop the run before the rollout" in answer.hazards[0].message


def test_undone_it_is_not_valid_again() -> None:
    (step,) = ask(VALIDATE, users()).steps

    assert isinstance(step, RunSql)
    assert step.undo == (
        'ALTER TABLE "public"."users" DROP CONSTRAINT IF EXISTS "k"',
        "ALTER TABLE public.users ADD CONSTRAINT k CHECK (name <> ''::text) NOT VALID",
    )


def test_a_foreign_key_locks_what_it_refers_to() -> None:
    key = users(
        kind="foreign key", columns=("id",), references=schemas.USERS,
        referenced_columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES users(id) NOT VALID",
    )  # fmt: skip
    (step,) = ask(VALIDATE, key).steps

    assert isinstance(step, RunSql)
    assert "NOT EXISTS" in step.preconditions[0].sql


def test_not_null_is_validated_as_well() -> None:
    not_null = users(kind="not null", definition="NOT NULL name NOT VALID")
    (step,) = ask(VALIDATE, not_null).steps

    assert isinstance(step, RunSql)
    assert step.preconditions == ()
    assert 'NOT NULL "name" NOT VALID' in step.undo[1]  # type: ignore[index]  # it can be undone


def test_one_that_is_valid_needs_no_step() -> None:
    answer = ask(VALIDATE, users(validated=True))

    assert (answer.steps, answer.hazards) == ((), ())
    assert answer.slugs == ["validate_constraint"]


def test_the_snapshot_has_what_it_leaves() -> None:
    (left,) = (
        c for t in ask(VALIDATE, users()).after.tables for c in t.constraints if c.name == "k"
    )

    assert left.validated


@pytest.mark.parametrize(
    ("there", "fact"),
    [
        (users(name="l"), "users has no constraint k"),
        (users(kind="unique", definition="UNIQUE (name)"), "cannot be validated"),
        (users(definition="CHECK (id > 0) NOT ENFORCED"), "cannot be validated"),
        (users(inherited=True), "comes from a table above it"),
    ],
)
def test_what_would_fail_or_could_not_be_undone_is_refused(there: Snapshot, fact: str) -> None:
    (refusal,) = ask(VALIDATE, there).refusals

    assert fact in refusal
