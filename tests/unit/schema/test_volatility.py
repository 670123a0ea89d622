import pytest

from tests.unit import schemas
from zdm.model.schema import Function, Name, Volatility
from zdm.parse import expressions
from zdm.schema import volatility


def function(name: str, how: Volatility) -> Function:
    return Function(
        name=Name("public", name),
        arguments="",
        definition="",
        language="sql",
        volatility=how,
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
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
    expression: str, expected: Volatility
) -> None:
    here = schemas.snapshot(
        functions=(
            function("mine", Volatility.IMMUTABLE),
            function("mine", Volatility.VOLATILE),
            function("lower2", Volatility.STABLE),
        )
    )

    assert volatility.of(expressions.read(expression), here) is expected
