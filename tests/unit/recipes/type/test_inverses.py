import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Name, Type
from zdm.parse import expressions
from zdm.recipes.type import inverses

MOOD = Type(name=Name("app", "mood"), kind="enum", definition="", labels=("sad", "it's"))
HERE = schemas.snapshot(types=(MOOD,))


def known(old: str, new: str, fill: str = "old") -> str | None:
    return inverses.known(
        Column(name="old", type=old), Column(name="new", type=new), expressions.read(fill), HERE
    )


@pytest.mark.parametrize(
    ("old", "new", "back"),
    [
        (
            "integer",
            "bigint",
            'CASE WHEN "new" BETWEEN -2147483648 AND 2147483647'
            ' THEN CAST("new" AS integer) END',
        ),
        (
            "smallint",
            "numeric",
            'CASE WHEN "new" BETWEEN -32768 AND 32767 THEN CAST("new" AS smallint) END',
        ),
        (
            "numeric(6,2)",
            "numeric(10,2)",
            'CASE WHEN abs(round("new", 2)) < 10000 OR "new" = \'NaN\''
            ' THEN round("new", 2) END',
        ),
        ("character varying(5)", "text", 'CASE WHEN char_length("new") <= 5 THEN "new" END'),
        ("text", "character varying", '"new"'),
        ("public.citext", "text", 'CAST("new" AS public.citext)'),
        ("text", "public.citext", 'CAST("new" AS text)'),
        ("citext", "character varying", 'CAST("new" AS citext)'),
        ("date", "timestamp with time zone", 'CAST("new" AS date)'),
        ("json", "jsonb", 'CAST("new" AS json)'),
        (
            "integer",
            "text",
            """CASE WHEN "new" ~ '^-?[0-9]{1,10}$' THEN CASE WHEN CAST("new" AS numeric)"""
            " BETWEEN -2147483648 AND 2147483647"
            ' THEN CAST("new" AS integer) END END',
        ),
        (
            "boolean",
            "text",
            """CASE WHEN "new" ~ '^(true|false)$' THEN CAST("new" AS boolean) END""",
        ),
        (
            "app.mood",
            "text",
            """CASE WHEN "new" IN ('sad', 'it''s') THEN CAST("new" AS app.mood) END""",
        ),
    ],
)
def test_a_cast_that_loses_nothing_has_a_way_back(old: str, new: str, back: str) -> None:
    assert known(old, new) == back
    assert known(old, new, f"old::{new}") == back


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bigint", "integer"),
        ("text", "integer"),
        ("text", "character varying(5)"),
        ("character varying(9)", "character varying(5)"),
        ("numeric(6,2)", "numeric(10,1)"),
        ("numeric", "numeric(10,2)"),
        ("timestamp without time zone", "date"),
        ("double precision", "text"),
        ("other.mood", "text"),
    ],
)
def test_a_cast_that_may_lose_has_none(old: str, new: str) -> None:
    assert known(old, new) is None


def test_an_expression_has_no_known_way_back() -> None:
    assert known("integer", "bigint", "old + 1") is None


def test_at_time_zone_is_its_own_inverse() -> None:
    stamp, zoned = "timestamp without time zone", "timestamp with time zone"

    assert known(stamp, zoned, "old AT TIME ZONE 'UTC'") == "\"new\" AT TIME ZONE 'UTC'"
    assert known(stamp, zoned, "timezone(zone, old)") is None


def test_uuid_comes_back_from_text_by_pattern() -> None:
    back = known("uuid", "text")

    assert back is not None
    assert inverses.UUID_PATTERN in back
