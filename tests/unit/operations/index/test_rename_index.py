import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, NEW_ONLY, RunSql
from zdm.model.schema import Index, Snapshot

PLAIN = Index(
    name="users_name",
    definition="CREATE INDEX users_name ON public.users USING btree (name)",
    keys=("name",),
    columns=("name",),
)


def start() -> Snapshot:
    table = schemas.users()
    return schemas.snapshot(replace(table, indexes=(*table.indexes, PLAIN)))


def test_no_version_names_an_index() -> None:
    answer = ask("ALTER INDEX users_name RENAME TO n;", start())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.phases == ["expand"]
    assert step.serves == BOTH
    assert step.undo == ('ALTER INDEX IF EXISTS "public"."n" RENAME TO "users_name"',)
    assert [i.name for i in answer.after.tables[0].indexes] == ["n", "users_pkey"]


def test_the_index_of_a_constraint_keeps_its_name_until_the_contract() -> None:
    answer = ask("ALTER INDEX users_pkey RENAME TO pk;", start())

    assert answer.phases == ["contract"]
    assert answer.steps[0].serves == NEW_ONLY
    assert "ON CONSTRAINT" in answer.hazards[0].message


def test_its_former_name_is_free_for_a_new_index() -> None:
    again = "CREATE INDEX users_name ON users (name, id);"
    answer = ask(f"ALTER INDEX users_name RENAME TO n; {again}", start())
    late = ask(
        f"ALTER INDEX users_pkey RENAME TO n; {again.replace('_name', '_pkey')}", start()
    )

    assert answer.refusals == ()
    assert "frees the name users_pkey only after the rollout" in late.refusals[0]


def test_an_index_takes_the_name_of_one_that_is_dropped() -> None:
    answer = ask(
        "CREATE INDEX tmp ON users (name, id); DROP INDEX users_name;"
        " ALTER INDEX tmp RENAME TO users_name;",
        start(),
    )

    assert answer.refusals == ()
    assert answer.slugs == ["create_index", "drop_index", "rename_index"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("gone RENAME TO a", "there is no index gone"),
        ("users_name RENAME TO users", "the name users is in use already"),
    ],
)
def test_what_would_fail_is_refused(names: str, said: str) -> None:
    assert said in ask(f"ALTER INDEX {names};", start()).refusals[0]


def test_nothing_is_done_about_one_that_is_not_there() -> None:
    assert ask("ALTER INDEX IF EXISTS gone RENAME TO a;", start()).steps == ()
