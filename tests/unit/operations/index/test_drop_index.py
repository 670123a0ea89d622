import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.schema import Column, Index

KEY = Index(
    name="key",
    definition="CREATE UNIQUE INDEX key ON public.users USING btree (email, name)",
    keys=("email", "name"),
    columns=("email", "name"),
    unique=True,
)
DROP = "DROP INDEX key;"
UNIQUE = "CREATE UNIQUE INDEX other ON users (email);"


def asked(sql: str) -> Answer:
    return ask(
        sql, schemas.snapshot(schemas.users(Column(name="at", type="date"), indexes=(KEY,)))
    )


@pytest.mark.parametrize(
    ("other", "phase", "says"),
    [  # CREATE INDEX says itself which others its rows meet in
        (UNIQUE, "contract", False),
        ("CREATE UNIQUE INDEX other ON users (name, email);", "contract", False),
        ("ALTER TABLE users ADD CONSTRAINT other UNIQUE (name);", "drop", True),
    ],
)
def test_a_unique_one_is_dropped_behind_one_that_refuses_what_it_refuses(
    other: str, phase: str, *, says: bool
) -> None:
    answer = asked(f"{DROP} {other}")

    assert answer.refusals == ()
    assert answer.phases[0] == phase
    until = "until key is dropped users has that unique index and other: an INSERT"
    assert answer.hazards[0].message.startswith(until) is says


@pytest.mark.parametrize(
    "sql",
    [
        DROP,
        f"{DROP} CREATE INDEX other ON users (email);",
        f"{DROP} CREATE UNIQUE INDEX other ON users (email, at);",
        f"{DROP} CREATE UNIQUE INDEX other ON users (email) WHERE id > 1;",
        f"{DROP} CREATE UNIQUE INDEX other ON users (lower(email));",
        f"{DROP}\n-- zdm: run in contract -- late\n{UNIQUE}",
        f"{DROP} ALTER TABLE users ADD CONSTRAINT o UNIQUE (name) DEFERRABLE;",
        f"{DROP} CREATE TABLE t (email text); CREATE UNIQUE INDEX other ON t (email);",
    ],
)
def test_a_unique_one_without_another_is_refused(sql: str) -> None:
    assert [text[:14] for text in asked(sql).refusals] == ["key is unique:"]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users RENAME email TO mail; ALTER TABLE users RENAME name TO email;",
        "ALTER TABLE users ALTER COLUMN email TYPE citext;",
    ],
)
def test_one_on_columns_that_are_others_by_then_is_refused(change: str) -> None:
    refusals = asked(f"{DROP} {change} {UNIQUE}").refusals

    assert "key is unique:" in [text[:14] for text in refusals]


DROPS = "ALTER TABLE users DROP COLUMN email, DROP COLUMN name;"


@pytest.mark.parametrize("drops", [DROPS, "DROP TABLE users;"])
def test_a_unique_one_of_what_is_dropped_below_goes_in_the_contract(drops: str) -> None:
    answer = asked(f"{DROP} {drops}")

    assert answer.refusals == ()
    assert answer.steps[0].phase == "contract"


@pytest.mark.parametrize(
    "drops",
    [
        "ALTER TABLE users DROP COLUMN email;",
        f"INSERT INTO people SELECT id, email FROM users; {DROPS}",
        f"\n-- zdm: run in expand -- nobody reads them\n{DROPS}",
    ],
)
def test_a_unique_one_of_columns_that_stay_or_move_is_refused(drops: str) -> None:
    assert "key is unique:" in [text[:14] for text in asked(f"{DROP} {drops}").refusals]
