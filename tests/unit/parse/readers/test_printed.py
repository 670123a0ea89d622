import pytest

from zdm.parse import expressions
from zdm.parse.readers import printed

PAIRS = [
    ("a IN ('x', 'y')", "a::text = ANY (ARRAY['x'::varchar, 'y'::varchar]::text[])"),
    ("a NOT IN ('x', 'y')", "a::text <> ALL (ARRAY['x'::varchar, 'y'::varchar]::text[])"),
    ("a IN ('x')", "a::text = 'x'::text"),
    ("n IN (1, 2)", "n = ANY (ARRAY[1, 2])"),
    ("n > 0", "n > 0::numeric"),
    ("n > -1", "n > '-1'::integer"),
    ("n BETWEEN 1 AND 5", "n >= 1 AND n <= 5"),
    ("a LIKE 'x%'", "a::text ~~ 'x%'::text"),
    ("length(a) < 5", "length(a::text) < 5"),
    ("a <> '' AND lower(a) = a", "a::text <> ''::text AND lower(a::text) = a::text"),
]


def alike(one: str, other: str) -> bool:
    return printed.alike(expressions.read(one), expressions.read(other))


@pytest.mark.parametrize(("said", "shown"), PAIRS)
def test_what_the_server_prints_is_what_the_author_said(said: str, shown: str) -> None:
    assert alike(said, shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a IN ('x', 'y')", "a::text = ANY (ARRAY['x'::varchar, 'z'::varchar]::text[])"),
        ("a IN ('x', 'y')", "a::text <> ALL (ARRAY['x'::varchar, 'y'::varchar]::text[])"),
        ("a = ANY (b)", "a = ANY (c)"),
        ("n > 0", "n > 1::numeric"),
        ("n > 0", "n >= 0"),
        ("n BETWEEN 1 AND 5", "n >= 1 AND n < 5"),
        ("n BETWEEN 1 AND 5", "n NOT BETWEEN 1 AND 5"),
        ("a::int > 5", "a > 5"),
        ("lower(a) = a", "upper(a) = a"),
        ("n IS NULL", "n IS NOT NULL"),
    ],
)
def test_another_expression_is_another(one: str, other: str) -> None:
    assert not alike(one, other)
