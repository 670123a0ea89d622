import pytest

from zdm.model.expression import Expression
from zdm.parse import expressions
from zdm.parse.rows import held
from zdm.parse.rows.held import Held

ROW = {
    "name": Held("a", "text"),
    "gone": Held(None, "text"),
    "n": Held("1", "integer"),
    "done": Held("on", "boolean"),
}


def condition(text: str) -> Expression:
    return expressions.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "name = 'a'",
        "'a' = t.name",
        "name <> 'b'",
        "name IN ('b', 'a')",
        "name NOT IN ('b', 'c')",
        "name IS DISTINCT FROM 'b'",
        "gone IS DISTINCT FROM name",
        "gone IS NOT DISTINCT FROM NULL",
        "gone IS NULL AND n = 1 AND n = 01 AND n = '1'::int",
        "gone = 'a' OR name = 'a'",
        "COALESCE(gone, 'x') = 'x'",
        "NOT (name = 'b')",
        "done",
        "done = true AND done = 't' AND done IS TRUE AND done IS NOT FALSE",
        "(gone = 'a' OR other > 3) IS NULL OR name = 'a'",
    ],
)
def test_what_a_row_with_these_values_meets(text: str) -> None:
    assert held.is_true(condition(text), ROW)
    assert not held.is_false(condition(text), ROW)


@pytest.mark.parametrize(
    "text",
    [
        "name = 'b'",
        "name IS NULL OR name <> 'a'",
        "COALESCE(name, '') <> 'a'",
        "gone = 'a'",
        "NOT (gone = 'a')",
        "gone NOT IN ('a')",
        "name = 'b' AND other > 3",
        "NOT done",
        "done IS FALSE",
        "done <> true",
        "n <> 1",
    ],
)
def test_what_it_does_not_meet(text: str) -> None:
    assert held.is_false(condition(text), ROW)
    assert not held.is_true(condition(text), ROW)


@pytest.mark.parametrize(
    "text",
    [
        "other = 'a'",
        "name = other",
        "name < 'b'",
        "name LIKE 'a'",
        "lower(name) = 'b'",
        "name = 'b'::varchar(1)",
        "name = 'b'::citext",
        "n = 1.0",
        "n = 'x'",
        "name = 'a' AND other > 3",
        "name = 'b' OR other > 3",
        "gone = 'a' OR other > 3",
        "NOT other",
        "(name, n) = ('a', 1)",
        "name = n::text",
        "(other = 'a') IS TRUE",
    ],
)
def test_what_is_not_known(text: str) -> None:
    assert not held.is_false(condition(text), ROW)
    assert not held.is_true(condition(text), ROW)


@pytest.mark.parametrize(
    ("constant", "type", "value"),
    [
        ("'a'", "text", Held("a", "text")),
        ("'a '", "character varying(2)", Held("a ", "text")),
        ("'a '", "character varying(1)", None),
        ("'a'", "character(3)", None),
        ("'a'", "citext", None),
        ("1", "bigint", Held("1", "integer")),
        ("1.6", "integer", None),
        ("1", "numeric", None),
        ("NULL", "text", Held(None, "text")),
        ("false", "boolean", Held("off", "boolean")),
        ("lower('a')", "text", None),
    ],
)
def test_what_a_column_holds_of_a_constant(
    constant: str, type: str, value: Held | None
) -> None:
    assert held.held(condition(constant), type) == value
