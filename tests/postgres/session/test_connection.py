"""A session of zdm's own: which statements it prepares."""

from collections.abc import Iterator

import pytest

from zdm.errors import InputError
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

OFTEN = 12  # psycopg's own threshold is 5


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def prepared(conn: Connection) -> list[str]:
    rows = conn.execute("SELECT statement FROM pg_catalog.pg_prepared_statements").fetchall()
    return [row[0] for row in rows]


def test_a_statement_is_prepared_where_that_is_asked(own: Connection) -> None:
    for _ in range(OFTEN):
        own.execute("SELECT %s::int", (1,), prepare=True)

    assert prepared(own) == ["SELECT $1::int"]


def test_no_statement_is_prepared_by_itself(own: Connection) -> None:
    for _ in range(OFTEN):
        own.execute("SELECT %s::int", (1,))

    assert prepared(own) == []


def test_a_session_that_may_be_shared_prepares_nothing(database: str) -> None:
    with connection.connect(database, name="doctor", tuned=False) as conn:
        conn.execute("SELECT %s::int", (1,), prepare=True)

        assert prepared(conn) == []


@pytest.mark.parametrize("secret", ["p@zq", "p/zq", "p@zq:w/xj%41#x", "a@b@zq"])
def test_a_password_that_is_not_encoded_is_not_taken_for_a_host(secret: str) -> None:
    url = f"postgresql://atk:{secret}@127.0.0.1:1/atk"
    with pytest.raises(InputError, match="contains a plain `@` or `/`") as error:
        connection.connect(url, name="test")
    said = f"{error.value} {error.value.hint} {connection.shown(url)}"

    assert error.value.hint is not None
    assert "encode `@` as `%40`" in error.value.hint
    assert secret not in said
    assert not [part for part in secret.split("@") if len(part) > 1 and part in said]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40ss@h:1/d", "u@h:1/d"),
        ("postgresql://u@h/d?options=-c%20a%3Db@c", "u@h:5432/d"),
        ("postgresql:///d?host=/tmp/@x", "@/tmp/@x:5432/d"),
        ("host=h user=u password=p@ss dbname=d", "u@h:5432/d"),
    ],
)
def test_a_url_that_is_encoded_is_shown_without_its_password(url: str, shown: str) -> None:
    assert connection.shown(url) == shown
