import pytest
from msgspec.structs import replace

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


def made(keys: str, where: str = "", **details: object) -> Index:
    """A unique index by its keys and predicate, as the catalog would have it."""
    named = tuple(None if "(" in key else key.split()[0] for key in keys.split(", "))
    tail = f" WHERE {where}" if where else ""
    definition = f"CREATE UNIQUE INDEX i ON public.users USING btree ({keys}){tail}"
    return Index(
        name=keys,
        definition=definition,
        keys=named,
        columns=("email", "name"),
        unique=True,
        predicate=where or None,
        **details,  # type: ignore[arg-type]  # of one kind in each test
    )


@pytest.mark.parametrize(
    ("former", "other", "is_implied"),
    [
        (made("email"), made("lower(email)"), True),
        (made("email"), made("upper((email)::text)"), False),
        (made("name, email"), made("lower(email), name"), True),
        (made("name"), made("lower(email)"), False),
        (made("email"), made("md5(email)"), False),
        (made("email"), made("app.lower(email)"), False),
        (made("email"), made("lower(email), name"), False),
        (made('email COLLATE "x"'), made("lower(email)"), False),
        (made("email"), made('lower(email) COLLATE "C"'), False),
        (made("email", "(name = 'a'::text)"), made("lower(email)"), True),
        (made("email"), made("lower(email)", "name = 'a'"), False),
        (made("email", "(name = 'a'::text)"), made("email, name", "u.name = 'a'"), False),
        (made("email, name", "(name = 'a'::text)"), made("email", "u.name = 'a'"), True),
        (made("email, name", "(name = 'b'::text)"), made("email", "name = 'a'"), False),
        (
            made("email, name", "((name = 'a'::text) AND (id > 1))"),
            made("email", "id > 1"),
            True,
        ),
        (
            made("email, name", "(id > 1)"),
            made("email", "id > 1 AND name = 'a'"),
            False,
        ),
        (made("email, name", "(at > '1'::date)"), made("email", "at > '1'"), False),
    ],
)
def test_an_index_of_other_expressions_or_fewer_rows_implies_nothing(
    former: Index, other: Index, is_implied: bool
) -> None:
    table = schemas.users(Column(name="at", type="date"), indexes=(former, other))

    assert refusing.implied(former, table, frozenset()) is is_implied


@pytest.mark.parametrize(
    ("column", "is_implied"),
    [
        (Column(name="email", type="character varying(20)"), True),
        (Column(name="email", type="character(20)"), False),
        (Column(name="email", type="public.citext"), False),
        (Column(name="email", type="text", collation='"und-x"'), False),
    ],
)
def test_equal_values_that_may_differ_in_case_imply_nothing(
    column: Column, is_implied: bool
) -> None:
    indexes = (made("email"), made("lower(email)"))
    table = replace(schemas.users(), columns=(column,), indexes=indexes)

    assert refusing.implied(indexes[0], table, frozenset()) is is_implied
