import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.schema import Constraint, Index
from zdm.recipes.index import walk_key

UNIQUE = Index(name="u", definition="", keys=("email",), columns=("email",), unique=True)


def test_the_primary_key_comes_first() -> None:
    assert walk_key.walk(schemas.users(indexes=(UNIQUE,))) == ("id",)


def test_else_a_unique_index_on_not_null_columns() -> None:
    assert walk_key.walk(schemas.users(constraints=(), indexes=(UNIQUE,))) == ("email",)


@pytest.mark.parametrize(
    "change",
    [
        {"unique": False},
        {"valid": False},
        {"predicate": "email > ''"},
        {"keys": (None,)},
        {"keys": ("name",)},
    ],
)
def test_an_index_that_may_miss_rows_is_no_key(change: dict[str, object]) -> None:
    index = replace(UNIQUE, **change)

    assert walk_key.walk(schemas.users(constraints=(), indexes=(index,))) == ()


def test_nulls_may_be_behind_a_not_null_that_is_not_valid() -> None:
    unproved = Constraint(
        name="n",
        kind="not null",
        columns=("email",),
        definition="NOT NULL email NOT VALID",
        validated=False,
    )

    assert walk_key.walk(schemas.users(constraints=(unproved,), indexes=(UNIQUE,))) == ()
