import pytest

from tests.unit.operations.asking import ask


def test_an_inline_check_is_validated_behind_the_column() -> None:
    answer = ask("ALTER TABLE users ADD COLUMN n int CHECK (n > 0);")

    assert answer.slugs == ["add_column", "add_check"]
    assert answer.phases == ["expand", "validate", "validate"]
    assert answer.sql[1] == (
        "ALTER TABLE public.users ADD CONSTRAINT users_n_check CHECK (n > 0) NOT VALID"
    )


def test_an_inline_unique_keeps_name_and_attributes() -> None:
    answer = ask(
        "ALTER TABLE users ADD n int NULL CONSTRAINT u UNIQUE DEFERRABLE INITIALLY DEFERRED"
        " DEFAULT NULL, ADD m int;"
    )

    assert answer.slugs == ["add_column", "add_unique", "add_column"]
    assert answer.sql[0] == "ALTER TABLE public.users ADD COLUMN n int NULL DEFAULT NULL"
    assert answer.sql[2].endswith("u UNIQUE USING INDEX u DEFERRABLE INITIALLY DEFERRED")


def test_references_of_a_column_with_a_default_wait_for_the_contract() -> None:
    answer = ask("ALTER TABLE users ADD n bigint DEFAULT 1 REFERENCES users ON DELETE CASCADE;")

    assert answer.slugs == ["add_column", "add_foreign_key"]
    assert answer.phases == ["expand", "contract", "contract"]


def test_a_column_with_its_check_takes_the_place_of_another() -> None:
    answer = ask(
        "ALTER TABLE users ADD n text CHECK (n <> ''); UPDATE users SET n = name;"
        "ALTER TABLE users DROP COLUMN name;"
    )

    assert answer.refusals == ()
    assert answer.slugs[0] == "rename_column"


@pytest.mark.parametrize(
    ("column", "slug"),
    [
        ("n int CHECK (n > 0)", "add_check"),
        ("n int UNIQUE", "add_unique"),
        ("n bigint DEFAULT 1 REFERENCES users", "add_foreign_key"),
    ],
)
def test_a_column_that_is_not_there_is_added_with_if_not_exists_too(
    column: str, slug: str
) -> None:
    answer = ask(f"ALTER TABLE users ADD COLUMN IF NOT EXISTS {column};")

    assert answer.slugs == ["add_column", slug]
    assert answer == ask(f"ALTER TABLE users ADD COLUMN {column};")


@pytest.mark.parametrize(
    "before",
    [
        "ALTER TABLE users ADD COLUMN n int;",
        "ALTER TABLE users RENAME COLUMN name TO n;",
        "-- zdm: run in expand -- reviewed\nDO 'BEGIN END';",
    ],
)
def test_a_constraint_of_a_column_that_may_be_there_is_not_added(before: str) -> None:
    answer = ask(f"{before}\nALTER TABLE users ADD COLUMN IF NOT EXISTS n int CHECK (n > 0);")

    assert "add_check" not in answer.slugs


def test_a_column_that_is_there_gets_no_constraint_by_if_not_exists() -> None:
    answer = ask("ALTER TABLE users ADD COLUMN IF NOT EXISTS name text UNIQUE;")

    assert "add_unique" not in answer.slugs


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD n bigint REFERENCES users;",
        "CREATE TABLE fresh (id int); ALTER TABLE fresh ADD n int CHECK (n > 0);",
        "-- zdm: run in expand -- small\nALTER TABLE users ADD n int CHECK (n > 0);",
    ],
)
def test_what_harms_no_one_stays_one_statement(sql: str) -> None:
    answer = ask(sql)

    assert answer.refusals == ()
    assert not {"add_check", "add_foreign_key"} & set(answer.slugs)


@pytest.mark.parametrize("where", ["", " WHERE n IS NULL"])
def test_a_reference_that_the_train_fills_stays_filled_until_the_contract(where: str) -> None:
    answer = ask(
        f"ALTER TABLE users ADD n bigint REFERENCES users; UPDATE users SET n = id{where};"
    )

    assert answer.slugs == ["add_column", "add_foreign_key"]
    assert answer.phases == ["expand", "backfill", "contract", "contract", "contract"]


def test_a_reference_that_is_filled_from_other_rows_stays_with_its_column() -> None:
    answer = ask(
        "CREATE TABLE p (id bigint PRIMARY KEY); ALTER TABLE users ADD n bigint REFERENCES p;"
        " UPDATE users SET n = p.id FROM p WHERE p.id = users.id;"
    )

    assert "add_foreign_key" not in answer.slugs


@pytest.mark.parametrize(
    ("update", "says"),
    [("UPDATE users SET n = 1 WHERE id IN (1, 2);", True), ("UPDATE users SET n = 1;", False)],
)
def test_rows_of_the_old_version_that_an_update_does_not_reach_are_said(
    update: str, says: bool
) -> None:
    answer = ask(f"ALTER TABLE users ADD n bigint; {update}")
    hazards = " ".join(h.message for h in answer.hazards)

    assert ("rows that the old version writes after the UPDATE" in hazards) is says
