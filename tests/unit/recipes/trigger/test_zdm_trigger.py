"""Names of functions: readable where no other table could give the same."""

import pytest

from tests.unit import schemas
from zdm.model.schema import Name
from zdm.model.sql import MAX_NAME_BYTES
from zdm.recipes.site import Site
from zdm.recipes.trigger import zdm_trigger

LONG = "a" * 40


def function(table: str, column: str, *beside: str, schema: str = "public") -> Name:
    tables = [schemas.users(name=Name(schema, name)) for name in {table, *beside}]
    site = Site(
        operation="o",
        table=schemas.users(name=Name(schema, table)),
        snapshot=schemas.snapshot(*tables),
        origin=(),
    )
    return zdm_trigger.of(site, "sync", column).function


def test_a_name_that_only_one_table_gives_is_readable() -> None:
    assert function("user", "email", "other") == Name("public", "zdm_sync_user_email")


def test_one_of_two_tables_keeps_the_readable_name() -> None:
    long = function("user_email", "y", "user")
    short = function("user", "email_y", "user_email")

    assert long.name == "zdm_sync_user_email_y"
    assert short.name.startswith("zdm_sync_user_email_y_")


def test_a_table_of_another_schema_does_not_matter() -> None:
    other = schemas.users(name=Name("app", "user_email"))
    own = schemas.users(name=Name("public", "user"))
    site = Site(operation="o", table=own, snapshot=schemas.snapshot(own, other), origin=())

    assert zdm_trigger.of(site, "sync", "email_y").function.name == "zdm_sync_user_email_y"


@pytest.mark.parametrize("column", ["y", LONG])
def test_long_names_differ_too(column: str) -> None:
    long = function(f"{LONG}_b", column, LONG)
    short = function(LONG, f"b_{column}", f"{LONG}_b")

    assert long != short
    assert max(len(long.name), len(short.name)) <= MAX_NAME_BYTES


def test_the_same_names_come_out_again() -> None:
    assert function("user", "email_y", "user_email") == function(
        "user", "email_y", "user_email", "third"
    )
