import pytest

from tests.unit import schemas
from zdm.model.schema import Name, Type
from zdm.model.statement import Setting
from zdm.parse import types
from zdm.schema import type_names

MOOD = Type(name=Name("app", "mood"), kind="enum", definition="", labels=("sad", "ok"))


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("int", "integer"),
        ("int8", "bigint"),
        ("bigserial", "bigint"),
        ("bool", "boolean"),
        ("varchar(20)", "character varying(20)"),
        ("char", "character(1)"),
        ("char(3)", "character(3)"),
        ("decimal(10)", "numeric(10,0)"),
        ("numeric(10,2)", "numeric(10,2)"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp(3)", "timestamp(3) without time zone"),
        ("float", "double precision"),
        ("text[]", "text[]"),
        ("int[][]", "integer[]"),
        ("interval", "interval"),
        ("interval day to second(3)", "interval day to second(3)"),
        ("interval(3)", "interval(3)"),
        ("bit", "bit(1)"),
        ("varbit(5)", "bit varying(5)"),
        ("app.mood", "app.mood"),
        ('"Odd"."Type"', '"Odd"."Type"'),
        ('"char"', '"char"'),
    ],
)
def test_a_type_is_spelled_as_format_type_does(written: str, printed: str) -> None:
    node = types.of(written)

    assert type_names.canonical(node, schemas.snapshot()) == printed


def test_an_own_type_is_found_by_the_search_path() -> None:
    here = schemas.snapshot(types=(MOOD,))
    settings = (Setting(name="search_path", value='app, "public"'),)

    assert type_names.canonical(types.of("mood"), here, settings) == "app.mood"
    assert type_names.canonical(types.of("mood"), here) == "mood"


def test_serial_is_told_from_integer() -> None:
    assert type_names.is_serial(types.of("serial"))
    assert not type_names.is_serial(types.of("int"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("text", ("text", ())),
        ("numeric(10,2)", ("numeric", (10, 2))),
        ("timestamp(3) without time zone", ("timestamp without time zone", (3,))),
    ],
)
def test_modifiers_are_split_off(text: str, parts: tuple[str, tuple[int, ...]]) -> None:
    assert type_names.split(text) == parts
