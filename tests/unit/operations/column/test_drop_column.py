import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Irreversible, Phase, RunSql
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Function,
    Name,
    Snapshot,
    Table,
    Volatility,
)
from zdm.operations.column import drop_column

DROP = "ALTER TABLE users DROP COLUMN email;"


def asked(sql: str, snapshot: Snapshot) -> Match | Refusal | None:
    return drop_column.recognise(schemas.actions(sql), snapshot)


def steps(sql: str, table: Table) -> tuple[RunSql, ...]:
    snapshot = schemas.snapshot(table)
    answer = asked(sql, snapshot)
    assert isinstance(answer, Match)
    found = answer.operation.recipe(Context(snapshot=snapshot, origin=()))
    return tuple(step for step in found if isinstance(step, RunSql))


def test_a_not_null_column_is_made_tolerant_first() -> None:
    found = steps(DROP, schemas.users())

    assert [step.phase for step in found] == [Phase.EXPAND, Phase.DROP]
    assert found[0].sql == ('ALTER TABLE "public"."users" ALTER COLUMN "email" DROP NOT NULL',)
    assert isinstance(found[1].undo, Irreversible)


@pytest.mark.parametrize(
    "column",
    [
        Column(name="c", type="text"),
        Column(name="c", type="text", not_null=True, default="''"),
        Column(name="c", type="bigint", not_null=True, identity="always"),
    ],
)
def test_a_column_that_can_be_left_out_needs_no_first_step(column: Column) -> None:
    found = steps("ALTER TABLE users DROP COLUMN c;", schemas.users(column))

    assert [step.phase for step in found] == [Phase.DROP]


def test_its_foreign_key_is_dropped_alone() -> None:
    key = Constraint(
        name="fk",
        kind="foreign key",
        columns=("name",),
        definition="",
        references=Name("public", "teams"),
    )
    found = steps("ALTER TABLE users DROP COLUMN name;", schemas.users(constraints=(key,)))

    assert [step.id for step in found] == ["users-fk-drop-foreign-key", "users-name-drop"]
    assert [(lock.table.name, lock.mode) for lock in found[0].locks] == [
        ("teams", LockMode.ACCESS_EXCLUSIVE),
        ("users", LockMode.ACCESS_EXCLUSIVE),
    ]


def test_if_exists_is_honoured() -> None:
    snapshot = schemas.snapshot(schemas.users())
    answer = asked("ALTER TABLE users DROP COLUMN IF EXISTS none;", snapshot)
    context = Context(snapshot=snapshot, origin=())

    assert isinstance(answer, Match)
    assert answer.operation.title == "drop users.none (does not exist)"
    assert answer.operation.recipe(context) == ()
    assert answer.operation.hazards(context) == ()
    assert ask("ALTER TABLE users DROP COLUMN IF EXISTS none;", snapshot).after == snapshot
    assert asked("ALTER TABLE users DROP COLUMN none;", snapshot) is None


def test_what_vanishes_and_is_of_other_columns_too_is_a_hazard() -> None:
    alone, unique = (
        Constraint(name=name, kind="unique", columns=columns, definition="UNIQUE …")
        for name, columns in (("e", ("email",)), ("u", ("email", "name")))
    )
    snapshot = schemas.snapshot(schemas.users(constraints=(alone, unique)))
    answer = asked(DROP, snapshot)

    assert isinstance(answer, Match)
    assert [h.message for h in answer.operation.hazards(Context(snapshot=snapshot, origin=()))][
        2:
    ] == ["unique constraint u is dropped with email"]


def test_the_effect_is_the_table_without_it() -> None:
    snapshot = schemas.snapshot(schemas.users())
    after = ask(DROP, snapshot).after.table(schemas.USERS)

    assert after is not None
    assert [c.name for c in after.columns] == ["id", "name"]


@pytest.mark.parametrize(
    ("sql", "slug"),
    [
        ("ALTER TABLE users DROP COLUMN email CASCADE;", "drop_cascade"),
        ("ALTER TABLE users DROP COLUMN id;", "drop_blocked"),
    ],
)
def test_cascade_and_keys_are_refused(sql: str, slug: str) -> None:
    answer = asked(sql, schemas.snapshot(schemas.users()))

    assert isinstance(answer, Refusal)
    assert answer.finding.slug == slug


def test_a_partitioned_table_is_refused() -> None:
    answer = asked(DROP, schemas.snapshot(schemas.users(kind="partitioned table")))

    assert isinstance(answer, Refusal)


@pytest.mark.parametrize(
    "sql", ["ALTER TABLE none DROP COLUMN email;", "SELECT 1;", "DO $$ BEGIN END $$;"]
)
def test_anything_else_is_not_a_drop(sql: str) -> None:
    assert asked(sql, schemas.snapshot(schemas.users())) is None


def test_a_function_that_no_longer_uses_it_once_replaced_is_not_in_the_way() -> None:
    name = "function public.f(bigint)"
    used = Dependent(column="email", kind="function", name=name, blocks=True)
    function = Function(
        name=Name("public", "f"),
        arguments="i bigint",
        definition="CREATE OR REPLACE FUNCTION public.f(i bigint) RETURNS text LANGUAGE sql"
        " BEGIN ATOMIC SELECT email FROM public.users WHERE id = i; END",
        language="sql",
        volatility=Volatility.VOLATILE,
    )
    snapshot = schemas.snapshot(schemas.users(dependents=(used,)), functions=(function,))

    def new(query: str) -> str:
        return (
            "CREATE OR REPLACE FUNCTION f(i bigint) RETURNS text LANGUAGE sql"
            f" AS '{query} FROM public.users WHERE id = i';\n{DROP}"
        )

    assert "depend on it: function public.f(bigint)" in ask(DROP, snapshot).refusals[0]
    assert ask(new("SELECT email"), snapshot).slugs == ["replace_function"]
    assert ask(new("SELECT name"), snapshot).slugs == ["replace_function", "drop_column"]


@pytest.mark.parametrize(
    ("column", "left", "lost"),
    [
        (Column(name="c", type="text"), "left c NULL", False),
        (Column(name="c", type="text", not_null=True), "left c NULL", True),
        (
            Column(name="c", type="text", not_null=True, default="''"),
            "left c at its default",
            False,
        ),
    ],
)
def test_the_old_version_reads_what_the_new_one_leaves(
    column: Column, left: str, *, lost: bool
) -> None:
    (first, *_) = ask(
        "ALTER TABLE users DROP COLUMN c;", schemas.snapshot(schemas.users(column))
    ).hazards

    assert first.message.endswith(left)
    assert ("NOT NULL cannot be restored" in first.remedy) is lost


def test_what_is_dropped_with_it_is_named_once() -> None:
    both = Dependent(
        column="email", kind="statistics", name="statistics object public.both", blocks=False
    )
    answer = ask(DROP, schemas.snapshot(schemas.users(dependents=(both,))))

    assert "statistics object public.both is dropped with email" in {
        hazard.message for hazard in answer.hazards
    }
