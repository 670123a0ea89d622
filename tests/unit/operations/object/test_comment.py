import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Other, Publication
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Function, Name, Policy, Snapshot, Trigger, Type, View, Volatility

TRIGGER = Trigger(name="audit", definition="", function=Name("public", "f"), enabled="O")
OWN = Policy(name="own", definition="CREATE POLICY own ON public.users USING (true)")


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
            "POLICY own ON users",
            "policy own of users",
            'COMMENT ON POLICY "own" ON "public"."users" IS NULL',
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
    table = schemas.users(comment="people", triggers=(TRIGGER,), policies=(OWN,))
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
    "target",
    ["COLUMN users.none", "TABLE gone", "INDEX gone", "SCHEMA gone", "ROLE r", "VIEW users"],
)
def test_what_zdm_cannot_put_back_is_refused(target: str) -> None:
    answer = ask(f"COMMENT ON {target} IS 'new';")

    assert answer.operations == ()
    assert len(answer.refusals) == 1


def objects() -> Snapshot:
    return schemas.snapshot(
        views=(View(name=Name("public", "seen"), kind="view", definition="", comment="was"),),
        types=(Type(name=Name("public", "mood"), kind="enum", definition=""),),
        functions=tuple(
            Function(
                name=Name("public", "f"),
                arguments=arguments,
                definition="",
                language="sql",
                volatility=Volatility.STABLE,
                comment=arguments,
            )
            for arguments in ("a integer", "a text")
        ),
        schemas=("public", "side"),
        rights=(Other(kind="schema", name='"side"', comment="aside"),),
    )


@pytest.mark.parametrize(
    ("target", "undo"),
    [
        ("VIEW seen", 'COMMENT ON VIEW "public"."seen" IS \'was\''),
        ("TYPE mood", 'COMMENT ON TYPE "public"."mood" IS NULL'),
        ("FUNCTION f(text)", 'COMMENT ON ROUTINE "public"."f"(text) IS \'a text\''),
        ("SCHEMA public", "COMMENT ON SCHEMA \"public\" IS 'standard public schema'"),
        ("SCHEMA side", "COMMENT ON SCHEMA \"side\" IS 'aside'"),
    ],
)
def test_of_other_objects_too(target: str, undo: str) -> None:
    answer = ask(f"COMMENT ON {target} IS '{{new}}';", objects())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.undo == (undo,)
    assert "IS NOT DISTINCT FROM '{new}'" in step.probe
    if not target.startswith("SCHEMA"):
        assert "{new}" in repr(answer.after)


SENT = Publication(name="Sent", definition="", comment="it's")


def published(**details: object) -> Snapshot:
    sent = replace(SENT, **details)
    return schemas.snapshot(schemas.users(), publications=(sent,))


def test_of_a_publication_too() -> None:
    answer = ask("COMMENT ON PUBLICATION \"Sent\" IS 'new';", published())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert (step.id, step.title) == ("Sent-publication-comment", "comment on publication Sent")
    assert (step.locks, step.undo) == ((), ("COMMENT ON PUBLICATION \"Sent\" IS 'it''s'",))
    assert answer.after.publications[0].comment == "new"


@pytest.mark.parametrize(
    ("target", "details"),
    [
        ("EXTENSION citext", {}),
        ('PUBLICATION "Sent"', {"all_tables": True}),
        ('PUBLICATION "Sent"', {"schemas": ("public",)}),
    ],
)
def test_what_belongs_to_a_superuser_on_a_shadow_is_refused(
    target: str, details: dict[str, object]
) -> None:
    (refusal,) = ask(f"COMMENT ON {target} IS 'new';", published(**details)).refusals

    assert "on the shadow server it belongs to a superuser" in refusal
