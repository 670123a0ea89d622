import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.operation import Refusal
from zdm.model.schema import Column, Constraint, Index
from zdm.recipes.column import fusion
from zdm.recipes.column.fusion import Fused

ADD = "ALTER TABLE users ADD COLUMN mail text;"
FILL = "UPDATE users SET mail = email;"
DROP = "ALTER TABLE users DROP COLUMN email;"
HERE = schemas.snapshot(schemas.users())


def find(*sql: str) -> Fused | Refusal | None:
    return fusion.find(schemas.actions("\n".join(sql)), HERE)


def fused(*sql: str) -> Fused:
    found = find(*sql)
    assert isinstance(found, Fused)
    return found


def refused(*sql: str) -> str:
    found = find(*sql)
    assert isinstance(found, Refusal)
    return found.finding.message.partition(", but ")[2]


def test_add_fill_and_drop_are_one_change() -> None:
    found = fused(ADD, FILL, DROP)

    assert found.consumed == (0, 1, 2)
    assert found.identity
    assert (found.old.name, found.new.name, found.forward) == ("email", "mail", '"email"')


def test_other_actions_may_stand_between() -> None:
    found = fused(
        ADD,
        "CREATE INDEX i ON users (name);",
        FILL,
        "ALTER TABLE users ALTER COLUMN mail SET NOT NULL;",
        "CREATE TABLE other (email text);",
        DROP,
    )

    assert found.consumed == (0, 2, 5)


def test_what_is_dropped_of_the_old_column_first_goes_with_it() -> None:
    email = Index(
        name="ix_email", definition="CREATE INDEX ix_email ON public.users USING btree (email)",
        keys=("email",), columns=("email",),
    )  # fmt: skip
    here = schemas.snapshot(
        schemas.users(
            indexes=(email, replace(email, name="ix_name", columns=("name",))),
            constraints=(
                Constraint(
                    name="ck_email", kind="check", columns=("email",), definition="CHECK (true)"
                ),
            ),
        )
    )
    sql = (
        f"{ADD} {FILL} ALTER TABLE users DROP CONSTRAINT ck_email; DROP INDEX ix_name;"
        f" DROP INDEX public.ix_email; {DROP}"
    )
    found = fusion.find(schemas.actions(sql), here)

    assert isinstance(found, Fused)
    assert found.consumed == (0, 1, 2, 4, 5)


def test_sub_commands_of_one_alter_are_told_apart() -> None:
    found = fused("ALTER TABLE users ADD COLUMN mail text, ADD COLUMN age int;", FILL, DROP)

    assert found.consumed == (0, 2, 3)


@pytest.mark.parametrize(
    "where", ["mail IS NULL", "email IS NOT NULL", "mail IS NULL AND email IS NOT NULL"]
)
def test_a_where_that_leaves_out_nothing_is_accepted(where: str) -> None:
    assert fused(ADD, f"UPDATE users SET mail = email WHERE {where};", DROP).identity


@pytest.mark.parametrize(
    "where", ["id > 5", "mail IS NOT NULL", "mail IS NULL OR id > 3", "mail IS NULL AND id > 3"]
)
def test_a_where_that_leaves_rows_out_is_refused(where: str) -> None:
    message = refused(ADD, f"UPDATE users SET mail = email WHERE {where};", DROP)

    assert message == "the UPDATE does not cover every row"


def test_a_conversion_of_non_null_values_leaves_nulls_null() -> None:
    found = fused(
        ADD, "UPDATE users SET mail = coalesce(email, '') WHERE email IS NOT NULL;", DROP
    )

    assert found.forward == "CASE WHEN \"email\" IS NOT NULL THEN COALESCE(email, '') END"


def test_a_cast_to_the_same_type_is_still_the_identity() -> None:
    assert fused(ADD, "UPDATE users SET mail = users.email::text;", DROP).identity
    assert not fused(ADD, "UPDATE users SET mail = lower(email);", DROP).identity


@pytest.mark.parametrize(
    ("add", "problem"),
    [
        (
            "mail text DEFAULT ''",
            "the new column is added with a default or constraint of its own",
        ),
        ("mail text UNIQUE", "the new column is added with a default or constraint of its own"),
        ("mail serial", "the new column is serial"),
    ],
)
def test_a_new_column_with_more_than_a_type_is_refused(add: str, problem: str) -> None:
    assert refused(f"ALTER TABLE users ADD COLUMN {add};", FILL, DROP) == problem


@pytest.mark.parametrize(
    ("between", "problem"),
    [
        (
            "UPDATE users SET email = trim(email);",
            "migration.sql:2:1 uses email in between",
        ),
        (
            "CREATE INDEX i ON users (email);",
            "migration.sql:2:1 uses email in between",
        ),
        (
            "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;",
            "migration.sql:2:1 uses email in between",
        ),
        (
            "ALTER TABLE users RENAME COLUMN mail TO email2;",
            "migration.sql:2:1 changes mail again in the same train",
        ),
    ],
)
def test_meddling_with_either_column_is_refused(between: str, problem: str) -> None:
    assert refused(ADD, between, FILL, DROP) == problem


def test_a_drop_with_cascade_is_refused() -> None:
    message = refused(ADD, FILL, "ALTER TABLE users DROP COLUMN email CASCADE;")

    assert message == "the drop says CASCADE, which also drops what is not listed"


def test_an_update_with_from_is_refused() -> None:
    message = refused(
        ADD, "UPDATE users SET mail = email FROM pg_class WHERE mail IS NULL;", DROP
    )

    assert message == "the UPDATE has a FROM, WITH, RETURNING or subquery"


@pytest.mark.parametrize(
    "sql",
    [
        (ADD, FILL),
        (ADD, DROP),
        (ADD, "UPDATE users SET mail = email, name = 'x';", DROP),
        (ADD, "UPDATE users SET mail = email || name;", DROP),
        (ADD, "UPDATE users SET mail = 'x';", DROP),
        (ADD, "UPDATE users SET name = email;", DROP),
        (ADD, FILL, "ALTER TABLE users DROP COLUMN name;"),
        (FILL.replace("users", "others"), DROP),
    ],
)
def test_less_than_all_three_is_not_found(sql: tuple[str, ...]) -> None:
    assert find(*sql) is None


def earlier(column: Column, fill: str = FILL) -> Fused | Refusal | None:
    snapshot = schemas.snapshot(schemas.users(column))
    return fusion.find(schemas.actions(f"{fill}\n{DROP}"), snapshot)


def test_a_column_of_an_earlier_release_needs_no_add() -> None:
    found = earlier(
        Column(name="mail", type="text"), "UPDATE users SET mail = email WHERE mail IS NULL;"
    )

    assert isinstance(found, Fused)
    assert (found.adds, found.consumed) == (False, (0, 1))
    assert found.differs_where == '"mail" IS NULL'


@pytest.mark.parametrize(
    "column",
    [
        Column(name="mail", type="text", not_null=True),
        Column(name="mail", type="text", default="''"),
        Column(name="other", type="text"),
    ],
)
def test_a_standing_column_must_be_nullable_and_without_default(column: Column) -> None:
    assert isinstance(earlier(column), Refusal)


def test_a_collation_of_the_new_column_is_kept() -> None:
    found = fused('ALTER TABLE users ADD COLUMN mail text COLLATE "C";', FILL, DROP)

    assert found.new == Column(name="mail", type="text", collation='"C"')


def test_the_way_back_is_taken_from_the_directive() -> None:
    found = fused(
        ADD,
        "-- zdm: reverse email = upper(mail)\nUPDATE users SET mail = lower(email);",
        DROP,
    )

    assert found.reverse is not None
    assert found.reverse.expression == "upper(mail)"
