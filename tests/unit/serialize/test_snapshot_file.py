import dataclasses

import pytest

from zdm.errors import InputError
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Extension,
    Index,
    Name,
    Snapshot,
    Table,
    Volatility,
)
from zdm.serialize import snapshot_file

USERS = Table(
    name=Name("public", "users"),
    columns=(
        Column(name="id", type="bigint", not_null=True, identity="always"),
        Column(
            name="email",
            type="text",
            default="'a\nb'::text",
            default_volatility=Volatility.IMMUTABLE,
            null_fraction=0.25,
        ),
    ),
    constraints=(
        Constraint(
            name="users_pkey",
            kind="primary key",
            columns=("id",),
            definition="PRIMARY KEY (id)",
        ),
    ),
    indexes=(
        Index(
            name="ix",
            definition="CREATE INDEX ix ON public.users USING btree (lower(email))",
            keys=(None,),
            columns=("email",),
        ),
    ),
    dependents=(Dependent(column="email", kind="view", name="view v", blocks=True),),
    rows=200_000,
)
SHOP = Snapshot(
    server_version=170010,
    extensions=(Extension(name="citext", schema="public", version="1.6"),),
    tables=(USERS,),
    heads=("0006",),
)


def test_reading_gives_back_what_was_written() -> None:
    text = snapshot_file.dumps(SHOP)

    assert snapshot_file.loads(text, "schema.json") == SHOP
    assert snapshot_file.dumps(snapshot_file.loads(text, "schema.json")) == text


def test_what_moves_by_itself_is_no_part_of_the_fingerprint() -> None:
    table = dataclasses.replace(USERS, rows=3, heap_bytes=8192)
    moved = dataclasses.replace(SHOP, server_version=180004, heads=(), tables=(table,))

    assert snapshot_file.fingerprint(moved) == snapshot_file.fingerprint(SHOP)


def test_a_comment_is_part_of_the_fingerprint() -> None:
    table = dataclasses.replace(USERS, comment="who buys")
    changed = dataclasses.replace(SHOP, tables=(table,))

    assert snapshot_file.fingerprint(changed) != snapshot_file.fingerprint(SHOP)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("{", "", "a.json:2 is no snapshot file: Extra data", id="syntax"),
        pytest.param(
            ": 1", ": 9", "a.json has snapshot format 9, and this zdm reads 1", id="9"
        ),
        pytest.param('"snapshot"', '"schema"', "a.json is no snapshot file", id="shape"),
        pytest.param(
            "170010",
            '"17"',
            "a.json: snapshot.server_version must be a whole number, not '17'",
            id="type",
        ),
    ],
)
def test_a_fault_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        snapshot_file.loads(snapshot_file.dumps(SHOP).replace(old, new, 1), "a.json")

    assert caught.value.message == message
