import pytest

from tests.unit import schemas
from zdm.model.schema import Constraint, Index
from zdm.recipes.type import metadata_only


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
        ("bit varying(5)", "bit varying(8)"),
        ("bit varying(5)", "bit varying"),
        ("cidr", "inet"),
    ],
)
def test_a_wider_type_is_free(old: str, new: str) -> None:
    assert metadata_only.is_free(old, new)


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
        ("timestamp without time zone", "timestamp with time zone"),
        ("bit varying", "bit varying(5)"),
        ("character(10)", "text"),
        ("character varying(10)[]", "character varying(20)[]"),
        ("inet", "cidr"),
        ("json", "jsonb"),
    ],
)
def test_another_type_is_not(old: str, new: str) -> None:
    assert not metadata_only.is_free(old, new)


def test_checks_foreign_keys_and_partial_indexes_spoil_it() -> None:
    table = schemas.users(
        constraints=(
            Constraint(name="a", kind="check", columns=("email",), definition="CHECK (true)"),
            Constraint(
                name="b", kind="unique", columns=("email",), definition="UNIQUE (email)"
            ),
        ),
        indexes=(
            Index(name="c", definition="", keys=(None,), columns=("email",)),
            Index(name="d", definition="", keys=("email",), columns=("email",)),
        ),
    )

    assert metadata_only.rechecked(table, "email") == (
        "check a",
        "index c (expression or predicate)",
    )
