import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Name, Sequence, Type, View, Volatility


@pytest.mark.parametrize(
    ("sql", "undo"),
    [
        ("CREATE SCHEMA extra", 'DROP SCHEMA IF EXISTS "extra"'),
        ("CREATE EXTENSION pg_trgm", 'DROP EXTENSION IF EXISTS "pg_trgm"'),
        ("CREATE TYPE e AS ENUM ('a', 'b')", 'DROP TYPE IF EXISTS "public"."e"'),
        ("CREATE TYPE public.c AS (a integer)", 'DROP TYPE IF EXISTS "public"."c"'),
        ("CREATE TYPE r AS RANGE (subtype = date)", 'DROP TYPE IF EXISTS "public"."r"'),
        ("CREATE DOMAIN d AS text CHECK (value > 'a')", 'DROP DOMAIN IF EXISTS "public"."d"'),
        ("CREATE SEQUENCE s", 'DROP SEQUENCE IF EXISTS "public"."s"'),
        ("CREATE VIEW v AS SELECT id FROM users", 'DROP VIEW IF EXISTS "public"."v"'),
        (
            "CREATE OR REPLACE FUNCTION f(a int, OUT b text, VARIADIC c text[]) LANGUAGE sql"
            " STABLE AS 'SELECT 1'",
            'DROP FUNCTION IF EXISTS "public"."f"(int, text[])',
        ),
        (
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN END'",
            'DROP PROCEDURE IF EXISTS "public"."p"()',
        ),
    ],
)
def test_a_new_object_runs_as_written_and_is_dropped_by_undo(sql: str, undo: str) -> None:
    answer = ask(sql + ";")
    (step,) = answer.steps

    assert answer.slugs == ["new_object"]
    assert answer.hazards == ()
    assert isinstance(step, RunSql)
    assert step.sql == (sql,)
    assert step.undo == (undo,)
    assert step.probe.startswith("SELECT CASE WHEN")
    assert answer.after != schemas.snapshot(schemas.users())


def test_a_view_locks_what_it_reads_and_keeps_its_columns() -> None:
    answer = ask("CREATE VIEW v AS SELECT id, lower(email) FROM users;")
    (view,) = answer.after.views
    (table,) = answer.after.tables

    assert [lock.mode for lock in answer.steps[0].locks] == [LockMode.ACCESS_SHARE]
    assert view.uses == ((schemas.USERS, "email"), (schemas.USERS, "id"))
    assert [(d.column, d.blocks) for d in table.dependents] == [("id", True), ("email", True)]


def test_a_view_of_a_star_keeps_every_column() -> None:
    (view,) = ask("CREATE VIEW v AS SELECT * FROM users, generate_series(1, 2);").after.views

    assert [column for _, column in view.uses] == ["email", "id", "name"]


def test_a_domain_with_a_check_is_known_as_constrained() -> None:
    (domain,) = ask("CREATE DOMAIN d AS text CHECK (value > 'a');").after.types

    assert domain.constrained


def test_the_volatility_of_a_new_function_is_known() -> None:
    answer = ask(
        "CREATE FUNCTION steady() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
        "ALTER TABLE users ADD COLUMN n integer DEFAULT steady();"
    )

    assert answer.after.functions[0].volatility is Volatility.IMMUTABLE
    assert answer.phases == ["expand", "expand"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TYPE t AS ENUM ('a')",
        "CREATE SEQUENCE s",
        "CREATE SCHEMA public",
    ],
)
def test_what_is_there_already_is_refused(sql: str) -> None:
    answer = ask(
        sql + ";",
        schemas.snapshot(
            views=(View(name=Name("public", "v"), kind="view", definition=""),),
            types=(Type(name=Name("public", "t"), kind="enum", definition=""),),
            sequences=(
                Sequence(
                    name=Name("public", "s"),
                    type="bigint",
                    start=1,
                    increment=1,
                    minimum=1,
                    maximum=2,
                ),
            ),
        ),
    )

    assert len(answer.refusals) == 1
    assert "already exists" in answer.refusals[0]


@pytest.mark.parametrize(
    "sql", ["CREATE SCHEMA IF NOT EXISTS public", "CREATE EXTENSION IF NOT EXISTS plpgsql"]
)
def test_if_not_exists_of_what_is_there_does_nothing(sql: str) -> None:
    answer = ask(sql + ";")

    assert answer.steps == ()
    assert answer.operations[0].title.endswith(" (already exists)")


@pytest.mark.parametrize(
    "sql",
    ["CREATE SCHEMA s CREATE TABLE t (a integer)", "CREATE TEMP VIEW v AS SELECT 1"],
)
def test_what_makes_more_or_less_than_one_object_is_refused(sql: str) -> None:
    answer = ask(sql + ";")

    assert answer.operations == ()
    assert len(answer.refusals) == 1
