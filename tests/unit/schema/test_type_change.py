import pytest

from tests.unit import schemas
from zdm.model.schema import Name, Type
from zdm.model.statement import Setting
from zdm.schema import type_change
from zdm.schema.type_change import Cost

PRICE = Type(
    name=Name("public", "price"),
    kind="domain",
    definition="CREATE DOMAIN public.price AS numeric(10,2) CONSTRAINT c CHECK ((VALUE > 0))",
    constrained=True,
)
LABEL = Type(
    name=Name("public", "label"), kind="domain", definition="CREATE DOMAIN public.label AS text"
)
MOOD = Type(name=Name("public", "mood"), kind="enum", definition="CREATE TYPE …", labels=("a",))


def cost(old: str, new: str, zone: str = "") -> Cost:
    settings = (Setting(name="TimeZone", value=zone),) if zone else ()
    return type_change.cost(old, new, schemas.snapshot(types=(PRICE, LABEL, MOOD)), settings)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("text", "text"),
        ("character varying(10)", "character varying(20)"),
        ("character varying(10)", "character varying"),
        ("character varying(10)", "text"),
        ("text", "character varying"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("timestamp(3) without time zone", "timestamp(6) without time zone"),
        ("interval(3)", "interval"),
        ("interval year to month", "interval"),
        ("bit varying(5)", "bit varying(8)"),
        ("bit varying(5)", "bit varying"),
        ("cidr", "inet"),
        ("text", "public.label"),
        ("public.label", "text"),
        ("public.price", "numeric"),
    ],
)
def test_a_wider_type_is_free(old: str, new: str) -> None:
    assert cost(old, new) is Cost.FREE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("character varying(20)", "character varying(10)"),
        ("text", "character varying(10)"),
        ("character varying", "character varying(10)"),
        ("integer", "bigint"),
        ("numeric(10,2)", "numeric(12,3)"),
        ("numeric", "numeric(12,2)"),
        ("timestamp without time zone", "timestamp(3) without time zone"),
        ("interval", "interval(3)"),
        ("bit varying", "bit varying(5)"),
        ("bit(4)", "bit varying(8)"),
        ("character(10)", "text"),
        ("character varying(10)[]", "character varying(20)[]"),
        ("inet", "cidr"),
        ("json", "jsonb"),
        ("public.price", "numeric(10,2)"),
        ("numeric(10,2)", "public.price"),
        ("public.mood", "text"),
    ],
)
def test_another_type_rewrites_the_table(old: str, new: str) -> None:
    assert cost(old, new) is Cost.REWRITE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "oid"),
        ("bit(4)", "bit varying"),
        ("text", "citext"),
    ],
)
def test_a_type_that_sorts_otherwise_rebuilds_indexes(old: str, new: str) -> None:
    assert cost(old, new) is Cost.INDEXES


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("", Cost.UNKNOWN),
        ("UTC", Cost.INDEXES),
        ("etc/utc", Cost.INDEXES),
        ("Europe/London", Cost.REWRITE),
    ],
)
def test_a_time_zone_is_added_without_a_rewrite_only_in_utc(zone: str, expected: Cost) -> None:
    assert cost("timestamp without time zone", "timestamp with time zone", zone) is expected


def test_a_type_of_an_extension_is_unknown() -> None:
    assert cost("geometry", "text") is Cost.UNKNOWN
