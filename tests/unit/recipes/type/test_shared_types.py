import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.schema import Constraint, Table
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import Kind


def checked(definition: str, *, validated: bool = True, column: str = "c") -> Table:
    """A table with one check."""
    check = Constraint(
        name="k",
        kind="check",
        columns=(column,),
        definition=definition,
        validated=validated,
    )
    return replace(schemas.users(), constraints=(check,))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("integer", "bigint", Kind.WIDER),
        ("bigint", "integer", None),
        ("integer", "numeric", None),
        ("numeric(10,2)", "numeric(12,4)", Kind.SCALE),
        ("numeric(10,2)", "numeric(10,4)", None),  # 8 digits before the point no more
        ("numeric(10,2)", "numeric(10,1)", None),
        ("numeric(10,2)", "numeric(12,2)", None),  # free
        ("numeric", "numeric(12,4)", None),
        ("numeric(5,-2)", "numeric(12,4)", None),
        ("character varying(255)", "character varying(20)", Kind.SHORTER),
        ("text", "character varying(20)", Kind.SHORTER),
        ("character varying(20)", "text", None),  # free
        ("character varying(20)", "character varying(30)", None),  # free
        ("character(20)", "character varying(20)", None),
        ("json", "jsonb", Kind.JSON),
        ("jsonb", "json", None),
        ("json[]", "jsonb[]", None),
    ],
)
def test_two_types_share_a_name(old: str, new: str, kind: Kind | None) -> None:
    assert shared_types.shared(old, new) is kind


@pytest.mark.parametrize(
    ("definition", "short"),
    [
        ("CHECK ((char_length((c)::text) <= 20))", True),
        ("CHECK ((char_length(c) < 21))", True),
        ("CHECK ((char_length(c) < 22))", False),
        ("CHECK (((length(c) > 1) AND (length(c) <= 9)))", True),
        ("CHECK (((length(c) <= 9) OR (c ~ '^x'::text)))", False),
        ("CHECK ((octet_length(c) <= 9))", False),
        ("CHECK ((char_length(d) <= 9))", False),
        ("CHECK ((public.char_length(c) <= 9))", False),
        ("CHECK ((char_length(c) <= 20)) NOT ENFORCED", False),
        (
            "CHECK (((c)::text = ANY ((ARRAY['a'::character varying,"
            " 'b''b'::character varying])::text[])))",
            True,
        ),
        ("CHECK ((c = ANY (ARRAY['a'::text, '123456789012345678901'::text])))", False),
        ("CHECK ((c = ANY (ARRAY['a'::text, '1'::text])))", True),
        ("CHECK ((c = ANY (ARRAY['a'::text, d])))", False),
        ("CHECK ((c <> ALL (ARRAY['a'::text])))", False),
    ],
)
def test_a_check_keeps_texts_short(definition: str, *, short: bool) -> None:
    table = checked(definition)

    assert bool(shared_types.is_short(table, "c", "character varying(20)")) is short


def test_a_check_that_is_not_valid_proves_nothing() -> None:
    table = checked("CHECK ((char_length(c) <= 20))", validated=False)

    assert not shared_types.is_short(table, "c", "character varying(20)")


def test_a_quoted_name_is_found() -> None:
    table = checked('CHECK ((char_length("C c") <= 20))', column="C c")

    assert shared_types.is_short(table, "C c", "character varying(20)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "numeric"),
        ("real", "double precision"),
        ("character(3)", "text"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("text", "uuid"),
        ("date", "timestamp without time zone"),
    ],
)
def test_what_the_old_version_would_notice_is_named(old: str, new: str) -> None:
    assert shared_types.shared(old, new) is None
    assert shared_types.apart(old, new)
