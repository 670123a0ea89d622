import pytest

from tests.unit.operations.asking import ask

ADD = "ALTER TABLE users ADD COLUMN n int;"
UNIQUE = "ALTER TABLE users ADD CONSTRAINT u UNIQUE (n);"
FIVE = "ALTER TABLE users ALTER COLUMN n SET DEFAULT 5;"


@pytest.mark.parametrize("key", [UNIQUE, "CREATE UNIQUE INDEX u ON users (n);"])
def test_one_default_for_every_row_of_a_new_unique_column_is_refused(key: str) -> None:
    for train in (ADD + key + FIVE, ADD + FIVE + key):
        (refusal,) = ask(train).refusals

        assert refusal.startswith("users.n is new and unique in this train")


@pytest.mark.parametrize(
    "train",
    [
        ADD + UNIQUE + "ALTER TABLE users ALTER COLUMN n SET DEFAULT random();",
        ADD + UNIQUE + "ALTER TABLE users ALTER COLUMN n SET DEFAULT NULL;",
        ADD + "CREATE INDEX u ON users (n);" + FIVE,
        ADD + "CREATE UNIQUE INDEX u ON users (n, id);" + FIVE,
        ADD + "CREATE UNIQUE INDEX u ON users (n) WHERE n > 5;" + FIVE,
        "CREATE UNIQUE INDEX u ON users (name); ALTER TABLE users ALTER name SET DEFAULT 'x';",
    ],
)
def test_rows_that_may_differ_are_not(train: str) -> None:
    assert ask(train).refusals == ()
