from dataclasses import replace

import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Constraint, Index, Name, Type, Volatility
from zdm.recipes.column import refusing
from zdm.recipes.column.refusing import Omitted

EMAIL = frozenset({"email"})


def index(definition: str, *keys: str | None, columns: tuple[str, ...] = ()) -> Index:
    return Index(
        name="i",
        definition=definition,
        keys=keys,
        columns=columns or tuple(k for k in keys if k),
        unique=True,
    )


PLAIN = index("CREATE UNIQUE INDEX i ON users (email)", "email")
COALESCED = index(
    "CREATE UNIQUE INDEX i ON users (coalesce(email, ''))", None, columns=("email",)
)
LOWERED = index("CREATE UNIQUE INDEX i ON users (lower(email))", None, columns=("email",))
NO_TWO_NULLS = index("CREATE UNIQUE INDEX i ON users (email) NULLS NOT DISTINCT", "email")
WIDE = index("CREATE UNIQUE INDEX i ON users (name, email)", "name", "email")
PARTIAL = index(
    "CREATE UNIQUE INDEX i ON users (name) WHERE email IS NULL",
    "name",
    columns=("name", "email"),
)


def refuses(one: Index, value: Omitted = Omitted.NULL, *others: Index) -> bool:
    table = replace(schemas.users(), indexes=(one, *others))
    return bool(refusing.unique(table, "email", value, EMAIL))


@pytest.mark.parametrize("one", [COALESCED, NO_TWO_NULLS, WIDE, PARTIAL])
def test_a_unique_index_that_may_refuse_a_second_row_is_found(one: Index) -> None:
    assert refuses(one)


@pytest.mark.parametrize("one", [PLAIN, LOWERED])
def test_one_that_compares_no_null_refuses_no_row(one: Index) -> None:
    assert not refuses(one)


def test_a_value_that_repeats_is_refused_and_one_that_differs_is_not() -> None:
    assert refuses(PLAIN, Omitted.SAME)
    assert not refuses(NO_TWO_NULLS, Omitted.EACH)


def test_another_unique_index_that_refuses_more_makes_it_harmless() -> None:
    narrow = replace(index("CREATE UNIQUE INDEX n ON users (name)", "name"), name="n")

    assert not refuses(WIDE, Omitted.NULL, narrow)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column(name="c", type="text"), Omitted.NULL),
        (
            Column(name="c", type="t", default="1", default_volatility=Volatility.IMMUTABLE),
            Omitted.SAME,
        ),
        (
            Column(name="c", type="t", default="now()", default_volatility=Volatility.STABLE),
            Omitted.SAME,
        ),
        (
            Column(name="c", type="t", default="r()", default_volatility=Volatility.VOLATILE),
            Omitted.EACH,
        ),
        (Column(name="c", type="int", identity="always"), Omitted.EACH),
        (Column(name="c", type="int", generated="stored", default="a"), Omitted.SAME),
    ],
)
def test_a_column_s_default_says_what_rows_without_it_hold(
    column: Column, expected: Omitted
) -> None:
    assert refusing.omitted(column, schemas.snapshot()) is expected


def test_a_domain_of_a_domain_that_refuses_null_is_found() -> None:
    inner = Type(
        name=Name("public", "small"),
        kind="domain",
        definition="CREATE DOMAIN public.small AS text NOT NULL",
        constrained=True,
    )
    outer = Type(
        name=Name("public", "wide"),
        kind="domain",
        definition="CREATE DOMAIN public.wide AS public.small",
    )
    snapshot = replace(schemas.snapshot(), types=(inner, outer))

    assert refusing.null_refused(Column(name="c", type="public.wide"), snapshot)


def test_a_foreign_key_over_several_columns_is_found() -> None:
    key = Constraint(
        name="k", kind="foreign key", columns=("name", "email"), definition="", references=None
    )
    table = replace(schemas.users(), constraints=(key,))

    assert refusing.foreign_keys(table, "email", EMAIL) == (key,)
    assert refusing.foreign_keys(table, "email", frozenset({"name", "email"})) == ()
