import pytest
from msgspec import structs

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Volatility
from zdm.parse import facts, mentioned
from zdm.planning import classify, schedule

SET = "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'new';"
DROP = "ALTER TABLE users ALTER COLUMN name DROP DEFAULT;"
ONE = "UPDATE users SET name = DEFAULT WHERE id = 1;"
FILL = "UPDATE users SET email = 'a' WHERE email = 'b';"
LEFT = "INSERT INTO users (id, email) VALUES (7, 'a');"


def planned(sql: str) -> Plan:
    users = schemas.users()
    columns = [
        structs.replace(c, default="'old'", default_volatility=Volatility.IMMUTABLE)
        if c.name == "name"
        else c
        for c in users.columns
    ]
    here = schemas.snapshot(structs.replace(users, columns=tuple(columns)))
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


@pytest.mark.parametrize(
    "sql",
    [
        ONE + SET,
        DROP + ONE,
        DROP + "INSERT INTO users (id, name) VALUES (7, DEFAULT);",
    ],
)
def test_a_default_of_another_time_is_not_taken(sql: str) -> None:
    with pytest.raises(RefusedError, match="write the value of name itself") as refused:
        planned(sql)

    assert "the two would run in the other order" in str(refused.value)


@pytest.mark.parametrize(
    "sql",
    [
        SET + ONE,
        ONE + DROP,
        LEFT + SET,
        LEFT + DROP,
        FILL + LEFT + SET,
        FILL + "INSERT INTO users (id, name) VALUES (7, DEFAULT);" + SET,
        FILL + "INSERT INTO users VALUES (7, 'a');" + SET,
        FILL + "INSERT INTO users DEFAULT VALUES;" + SET,
        FILL + "INSERT INTO users SELECT 7, 'a';" + SET,
        FILL + "INSERT INTO users VALUES (7, 'a', 'x') ON CONFLICT (id) DO UPDATE SET name ="
        " DEFAULT;" + SET,
        FILL + "INSERT INTO users (id, name) VALUES (7, 'a');" + SET,
        FILL + "INSERT INTO users VALUES (7, 'a', 'x');" + SET,
        FILL + "INSERT INTO users SELECT 7, 'a', 'x';" + SET,
        "UPDATE users SET name = 'x' WHERE id = 1;" + SET,
        "UPDATE users SET email = DEFAULT WHERE id = 1;" + SET,
    ],
)
def test_what_takes_it_in_the_authors_order_is_planned(sql: str) -> None:
    assert planned(sql).steps


@pytest.mark.parametrize(
    ("sql", "taken"),
    [
        ("INSERT INTO t (a) VALUES (1);", "bc"),
        ("INSERT INTO t VALUES (1, 2);", "c"),
        ("INSERT INTO t VALUES (1, DEFAULT, 3), (1, 2, DEFAULT);", "bc"),
        ("INSERT INTO t DEFAULT VALUES;", "abc"),
        ("INSERT INTO t SELECT 1, 2;", "c"),
        ("INSERT INTO t SELECT * FROM s;", ""),
        ("INSERT INTO t (b) SELECT * FROM s;", "ac"),
        ("INSERT INTO t VALUES (1, 2, 3) ON CONFLICT (a) DO UPDATE SET b = DEFAULT;", "b"),
        ("UPDATE t SET a = DEFAULT, b = 1;", "a"),
        ("UPDATE t SET a = 1;", ""),
    ],
)
def test_defaults_are_taken_by_their_word_or_by_what_is_left_out(sql: str, taken: str) -> None:
    (action,) = facts.actions(schemas.train(sql).statements[0], ("public",))

    assert mentioned.defaults(action, ("a", "b", "c")) == {*taken}
