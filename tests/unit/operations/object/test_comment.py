import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Name, Trigger

TRIGGER = Trigger(name="audit", definition="", function=Name("public", "f"), enabled="O")


@pytest.mark.parametrize(
    ("target", "title", "undo"),
    [
        ("TABLE users", "users", 'COMMENT ON TABLE "public"."users" IS \'people\''),
        (
            "COLUMN users.email",
            "users.email",
            'COMMENT ON COLUMN "public"."users"."email" IS NULL',
        ),
        (
            "INDEX users_pkey",
            "index users_pkey of users",
            'COMMENT ON INDEX "public"."users_pkey" IS NULL',
        ),
        (
            "CONSTRAINT users_pkey ON public.users",
            "constraint users_pkey of users",
            'COMMENT ON CONSTRAINT "users_pkey" ON "public"."users" IS NULL',
        ),
        (
            "TRIGGER audit ON users",
            "trigger audit of users",
            'COMMENT ON TRIGGER "audit" ON "public"."users" IS NULL',
        ),
    ],
)
def test_undo_puts_the_former_text_back(target: str, title: str, undo: str) -> None:
    table = schemas.users(comment="people", triggers=(TRIGGER,))
    answer = ask(f"COMMENT ON {target} IS 'new';", schemas.snapshot(table))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.title == f"comment on {title}"
    assert step.undo == (undo,)
    assert "IS NOT DISTINCT FROM 'new'" in step.probe
    assert [lock.mode for lock in step.locks] == [LockMode.SHARE_UPDATE_EXCLUSIVE]
    assert answer.after != schemas.snapshot(table)
    assert answer.hazards == ()


def test_taking_a_comment_away_is_probed_for_null() -> None:
    table = schemas.users(comment="people")
    (step,) = ask("COMMENT ON TABLE users IS NULL;", schemas.snapshot(table)).steps

    assert isinstance(step, RunSql)
    assert ") IS NULL" in step.probe


def test_the_same_text_again_is_nothing_to_do() -> None:
    table = schemas.users(comment="people")

    assert ask("COMMENT ON TABLE users IS 'people';", schemas.snapshot(table)).steps == ()


@pytest.mark.parametrize(
    "target", ["COLUMN users.none", "TABLE gone", "INDEX gone", "SCHEMA public", "ROLE admin"]
)
def test_what_zdm_cannot_put_back_is_refused(target: str) -> None:
    answer = ask(f"COMMENT ON {target} IS 'new';")

    assert answer.operations == ()
    assert len(answer.refusals) == 1
