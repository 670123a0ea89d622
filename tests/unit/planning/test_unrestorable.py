import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Column, Constraint, Name, Snapshot

DROP = "ALTER TABLE users DROP CONSTRAINT k;\n"
FREE = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;"
KEEP = "-- zdm: keep old values\n"


def users(**details: object) -> Snapshot:
    values: dict[str, object] = {
        "name": "k", "kind": "check", "columns": ("name", "n"), "definition": "CHECK (n > 0)"
    }  # fmt: skip
    check = Constraint(**{**values, **details})  # type: ignore[arg-type]  # any field
    column = Column(name="n", type="integer")
    return schemas.snapshot(schemas.users(column, constraints=(check,)))


@pytest.mark.parametrize(
    "train",
    [
        DROP + "UPDATE users SET n = 0 WHERE n = 1;",
        DROP + "INSERT INTO users (id, email, n) VALUES (1, 'x', 0);",
        DROP + "INSERT INTO users VALUES (1, 'x');",
        "ALTER TABLE users DROP COLUMN name; UPDATE users SET n = 0 WHERE n = 1;",
        FREE + "UPDATE users SET email = NULL WHERE email = '';",
        FREE + "UPDATE users SET email = name WHERE email = '';",
        FREE + "INSERT INTO users (id, email) VALUES (1, 'x'), (2, NULL);",
        FREE + "INSERT INTO users (id, email) SELECT 1, NULL;",
        FREE + "INSERT INTO users (id, name) VALUES (1, 'x');",
    ],
)
def test_rows_that_a_restored_rule_would_refuse_are_refused(train: str) -> None:
    (refusal,) = ask(train, users()).refusals

    assert refusal.endswith("so a rollback could not restore it")


def test_of_a_foreign_key_as_well() -> None:
    key = users(
        kind="foreign key", references=schemas.USERS, columns=("n",), referenced_columns=("id",)
    )
    (refusal,) = ask(DROP + "UPDATE users SET n = 0 WHERE n = 1;", key).refusals

    assert "drops k of users" in refusal


@pytest.mark.parametrize(
    "train",
    [
        DROP + KEEP + "UPDATE users SET n = 0 WHERE n = 1;",
        DROP + "UPDATE users SET email = 'x' WHERE email = '';",
        DROP + "INSERT INTO users (id, email) VALUES (1, 'x');",
        "UPDATE users SET n = 2 WHERE n = 1;" + DROP,
        FREE + "UPDATE users SET email = 'x' WHERE email = '';",
        FREE + "INSERT INTO users (name, email) VALUES (NULL, 'x'), ('y', 'z');",
        FREE + "INSERT INTO users (id, email) SELECT 1, 'x';",
        FREE + "UPDATE users SET email = coalesce(name, '') WHERE email = '';",
        DROP + "-- zdm: run in expand -- reviewed\nUPDATE users SET n = 0 WHERE n = 1;",
    ],
)
def test_rows_that_it_takes_or_that_are_restored_first_are_not(train: str) -> None:
    assert ask(train, users()).refusals == ()


PARENT = Name("public", "teams")


def child(**details: object) -> Snapshot:
    key = users(
        kind="foreign key",
        references=PARENT,
        columns=("n",),
        referenced_columns=("id",),
        **details,
    )
    return schemas.snapshot(*key.tables, schemas.users(name=PARENT))


def test_the_key_to_which_rows_refer_is_not_changed_behind_the_drop() -> None:
    (refusal,) = ask(DROP + "UPDATE teams SET id = 7 WHERE id = 1;", child()).refusals
    others = (
        "UPDATE teams SET email = 'a' WHERE id = 7;"
        "INSERT INTO teams (id, email) VALUES (8, 'c');"
    )

    assert refusal.endswith("so a rollback could not restore it")
    assert ask(DROP + others, child()).refusals == ()


def test_a_foreign_key_in_its_place_is_one_to_the_same_table() -> None:
    add = "ALTER TABLE users ADD FOREIGN KEY (n) REFERENCES {} (id);"
    update = "UPDATE users SET n = 0 WHERE n = 1;"

    assert ask(DROP + add.format("teams") + update, child()).refusals == ()
    assert ask(DROP + add.format("users") + update, child()).refusals


LATE = "-- zdm: run in contract -- no such rows\n"
ADD = "INSERT INTO users (id, email, n) VALUES (1, 'x', 0);\n"


@pytest.mark.parametrize(
    "train",
    [
        LATE + DROP + ADD,
        LATE + DROP + "UPDATE users SET n = 0 WHERE id = 1;",
        LATE + DROP + KEEP + "UPDATE users SET n = 0 WHERE id = 1;",
        LATE + FREE + "INSERT INTO users (id, email) VALUES (1, NULL);",
        LATE + "DROP INDEX CONCURRENTLY users_pkey;" + ADD,
    ],
)
@pytest.mark.parametrize("kind", ["check", "unique", "exclusion"])
def test_what_is_dropped_in_the_contract_refuses_rows_before_it(train: str, kind: str) -> None:
    (refusal,) = ask(train, users(kind=kind)).refusals

    assert refusal.endswith("before that may break it, so its step would fail")


@pytest.mark.parametrize(
    "train",
    [
        LATE + DROP + LATE + ADD,
        ADD + LATE + DROP,
        LATE + DROP + "INSERT INTO users (id, email) VALUES (1, 'x');",
        LATE + FREE + "INSERT INTO users (id, email) VALUES (1, 'x');",
    ],
)
def test_rows_behind_it_in_the_contract_or_before_it_in_the_train_are_not(train: str) -> None:
    here = users(kind="unique", columns=("n",))

    assert ask(train, here).refusals == ()
