import pytest
from msgspec import structs

from zdm.errors import InputError
from zdm.model.catalog.database import Extension
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
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
    table = structs.replace(USERS, rows=3, heap_bytes=8192)
    moved = structs.replace(SHOP, server_version=180004, heads=(), tables=(table,))

    assert snapshot_file.fingerprint(moved) == snapshot_file.fingerprint(SHOP)


def test_a_comment_is_part_of_the_fingerprint() -> None:
    table = structs.replace(USERS, comment="who buys")
    changed = structs.replace(SHOP, tables=(table,))

    assert snapshot_file.fingerprint(changed) != snapshot_file.fingerprint(SHOP)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("{", "", "a.json:2:10 is not JSON: Extra data", id="syntax"),
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


TEXT = snapshot_file.dumps(SHOP)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            '"format": 1',
            f'"format": {"1" * 5_000}',
            "a.json:2:12 holds a number of more than 4,300 digits",
            id="digits",
        ),
        pytest.param(
            '"format": 1',
            f'"format": {"1" * 4_000}',
            "a.json has snapshot format a number of more than 40 digits, and this zdm reads 1",
            id="large format",
        ),
        pytest.param(
            '"tables": [',
            '"tables": [' + "[" * 100_000,
            "a.json is nested too deeply to be read",
            id="nested",
        ),
        pytest.param(
            '"format": 1,',
            '"format": 1, "format": 1,',
            "a.json has the key 'format' twice in one object",
            id="twice",
        ),
        pytest.param(
            "200000",
            "NaN",
            "a.json: snapshot.tables[0].rows must be a whole number, not nan",
            id="nan",
        ),
        pytest.param(
            "0.25",
            "1e999",
            "a.json: snapshot.tables[0].columns[1].null_fraction must be a finite number,"
            " not inf",
            id="infinity",
        ),
        pytest.param(
            '"0006"',
            '"\\u0000"',
            "a.json: snapshot.heads[0] must be text without NUL and surrogate characters",
            id="NUL",
        ),
        pytest.param(
            '"0006"',
            '"\\ud800"',
            "a.json: snapshot.heads[0] must be text without NUL and surrogate characters",
            id="surrogate",
        ),
    ],
)
def test_what_no_parser_holds_is_named(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        snapshot_file.loads(TEXT.replace(old, new, 1), "a.json")

    assert caught.value.message == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "170010", "130000", "server_version must be at least 140000, not 130000", id="13"
        ),
        pytest.param(
            "170010", "190000", "server_version must be at most 189999, not 190000", id="19"
        ),
        pytest.param("170010", "-1", "server_version must be at least 140000, not -1", id="-1"),
        pytest.param(
            "200000", "-1", "tables[0].rows must be at least 0, not -1", id="negative rows"
        ),
        pytest.param(
            "200000",
            "9" * 4_000,
            "tables[0].rows must be at most 9223372036854775807, not a number of more than"
            " 40 digits",
            id="too many rows",
        ),
        pytest.param(
            "0.25",
            "1.5",
            "tables[0].columns[1].null_fraction must be at most 1, not 1.5",
            id="more than all",
        ),
    ],
)
def test_a_number_that_no_server_gives_is_refused(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        snapshot_file.loads(TEXT.replace(old, new, 1), "a.json")

    assert caught.value.message == f"a.json: snapshot.{message}"
