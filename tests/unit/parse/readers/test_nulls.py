import pytest

from zdm.parse import expressions
from zdm.parse.readers import nulls

A = frozenset({"a"})


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "1 < a",
        "lower(a)",
        "(a)::text ~ 'x'",
        "a IN (1, 2)",
        "NOT a > 1",
        "a = ANY (ARRAY['x'::text])",
        'pg_catalog.length(a COLLATE "C")',
    ],
)
def test_what_is_strict_is_null(text: str) -> None:
    assert nulls.is_null(expressions.read(text), A)


@pytest.mark.parametrize(
    "text",
    [
        "b = 1",
        "coalesce(a, '')",
        "a IS NULL",
        "mine(a)",
        "other.lower(a)",
        "a || 'x'",
        "a = ANY ('{}')",
        "1 BETWEEN a AND 0",
        "a IS DISTINCT FROM 1",
        "1 IN (a, 1)",
    ],
)
def test_of_anything_else_nothing_is_known(text: str) -> None:
    assert not nulls.is_null(expressions.read(text), A)


@pytest.mark.parametrize(
    "text", ["a = 1", "a IS NULL", "a > 1 AND a < 5", "b > 1 OR a > 1", "a IS NULL OR b > 1"]
)
def test_a_check_that_is_never_false_passes(text: str) -> None:
    assert nulls.passes(expressions.read(text), A)


@pytest.mark.parametrize(
    "text", ["a IS NOT NULL", "a > 1 AND b > 1", "b > 1", "num_nonnulls(a, b) >= 1"]
)
def test_any_other_check_may_fail(text: str) -> None:
    assert not nulls.passes(expressions.read(text), A)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("CREATE DOMAIN d AS text", (True, False)),
        ("CREATE DOMAIN d AS text DEFAULT 'x' CHECK (VALUE <> '')", (True, True)),
        ("CREATE DOMAIN d AS text NOT NULL", (False, False)),
        ("CREATE DOMAIN d AS text CONSTRAINT c CHECK (VALUE IS NOT NULL)", (False, False)),
    ],
)
def test_a_domain_says_whether_it_takes_null_and_has_a_default(
    definition: str, expected: tuple[bool, bool]
) -> None:
    assert nulls.of_domain(definition) == expected
