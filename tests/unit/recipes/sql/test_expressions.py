import pytest

from tests.unit import schemas
from zdm.model.schema import Function, Name, Volatility
from zdm.parse import trees
from zdm.recipes.sql import expressions


def function(name: str, volatility: Volatility) -> Function:
    return Function(
        name=Name("public", name),
        arguments="",
        definition="",
        language="sql",
        volatility=volatility,
    )


@pytest.mark.parametrize(
    ("expression", "volatility"),
    [
        ("1 + 2", Volatility.IMMUTABLE),
        ("lower('A')", Volatility.IMMUTABLE),
        ("now()", Volatility.STABLE),
        ("current_date", Volatility.STABLE),
        ("lower(now()::text)", Volatility.STABLE),
        ("gen_random_uuid()", Volatility.VOLATILE),
        ("coalesce(lower('x'), clock_timestamp()::text)", Volatility.VOLATILE),
        ("mine()", Volatility.VOLATILE),
        ("lower2()", Volatility.STABLE),
    ],
)
def test_volatility_is_that_of_the_most_volatile_function(
    expression: str, volatility: Volatility
) -> None:
    here = schemas.snapshot(
        functions=(
            function("mine", Volatility.IMMUTABLE),
            function("mine", Volatility.VOLATILE),
            function("lower2", Volatility.STABLE),
        )
    )

    assert expressions.volatility(expression, here) is volatility


def test_columns_become_fields_of_the_new_row() -> None:
    text = expressions.of_new_row("coalesce(users.email, name, 'x')", schemas.users())

    assert text == "COALESCE(new.email, new.name, 'x')"


def test_qualifiers_are_taken_off() -> None:
    assert expressions.bare(trees.expression("lower(u.email)")) == "lower(email)"


def test_a_search_path_is_read_as_show_prints_it() -> None:
    assert expressions.search_path('"$user", public, "a, b"') == ("$user", "public", "a, b")


def test_a_printed_name_is_read_back() -> None:
    assert expressions.qualified('pg_catalog."C"') == Name("pg_catalog", "C")
    assert expressions.qualified("plain") == Name("", "plain")
