"""`orphans null` is refused where the table itself may refuse NULL."""

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Type

ADD = (
    "-- zdm: orphans null -- x\nALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"
)
ORDERS = Name("public", "orders")
DOMAIN = Type(
    name=Name("public", "uid"),
    kind="domain",
    definition="CREATE DOMAIN public.uid AS bigint CONSTRAINT c CHECK (VALUE IS NOT NULL)",
    constrained=True,
)


def start(*found: Constraint | Index, kind: str = "bigint") -> Snapshot:
    table = schemas.users(
        Column(name="user_id", type=kind),
        name=ORDERS,
        constraints=tuple(one for one in found if isinstance(one, Constraint)),
        indexes=tuple(one for one in found if isinstance(one, Index)),
    )
    return schemas.snapshot(schemas.users(), table, types=(DOMAIN,))


def check(text: str) -> Constraint:
    return Constraint(
        name="c", kind="check", columns=("name", "user_id"), definition=f"CHECK ({text})"
    )


def unique(keys: str, predicate: str | None = None, ending: str = "") -> Index:
    return Index(
        name="i",
        definition=f"CREATE UNIQUE INDEX i ON public.orders USING btree ({keys}){ending}",
        keys=(keys,),
        columns=tuple(dict.fromkeys((keys, "user_id"))),
        predicate=predicate,
        unique=True,
    )


@pytest.mark.parametrize(
    ("found", "kind", "what"),
    [
        ((check("(user_id IS NOT NULL) OR (name IS NOT NULL)"),), "bigint", "the CHECK c"),
        ((unique("name", "(user_id IS NULL)"),), "bigint", "the unique index i"),
        ((unique("user_id", None, " NULLS NOT DISTINCT"),), "bigint", "the unique index i"),
        ((), "public.uid", "the domain of user_id"),
    ],
)
def test_what_may_refuse_null_is_named(
    found: tuple[Constraint | Index, ...], kind: str, what: str
) -> None:
    (refusal,) = ask(ADD, start(*found, kind=kind)).refusals

    assert f"{what} of orders may refuse rows with NULL in user_id" in refusal


@pytest.mark.parametrize(
    "found",
    [
        check("(user_id > 0)"),
        check("(user_id IS NULL) OR (name IS NULL)"),
        unique("user_id"),
        unique("name", "(user_id IS NOT NULL)"),
    ],
)
def test_what_takes_null_is_no_obstacle(found: Constraint | Index) -> None:
    assert ask(ADD, start(found)).slugs == ["add_foreign_key"]
