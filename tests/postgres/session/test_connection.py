"""A session of zdm's own: its settings, its address without the password, what it prepares."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from zdm.errors import InputError, RefusedError, ZdmError
from zdm.model.statement import Setting
from zdm.postgres.session import connection, pins
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


@pytest.mark.parametrize(
    "secret", ["p@zq", "p/zq", "p@zq:w/xj%41#x", "a@b@zq", "zq?w@xj", "zq/w?xj", "zq/xj?a=b"]
)
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


@pytest.mark.parametrize("cut", ["zq", "zq?xj=1", "zq/xj"])
def test_a_password_whose_rest_is_lost_is_not_taken_for_a_port(cut: str) -> None:
    with pytest.raises(InputError, match="its port is not a number") as error:
        connection.connect(f"postgresql://atk:{cut}", name="test")
    said = f"{error.value} {error.value.hint} {connection.shown(f'postgresql://atk:{cut}')}"

    assert "zq" not in said
    assert "xj" not in said


@pytest.mark.parametrize(
    "dsn",
    [
        "host=127.0.0.1 port=1 user=u password='p zq' dbname=d",
        "host=127.0.0.1 port=1 user=u password=p zq",
        "host=127.0.0.1 port=1 user=u password='p zq",
        "postgresql://u:p%zq@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password=pzq",
        "postgresql://u@127.0.0.1:1/d?pass=pzq",
    ],
)
def test_no_part_of_a_password_is_said(dsn: str) -> None:
    with pytest.raises(ZdmError) as error:
        connection.connect(dsn, name="test")

    assert "zq" not in f"{error.value} {error.value.hint} {connection.shown(dsn)}"


def test_the_address_of_the_environment_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGPORT", "5433")
    monkeypatch.setenv("PGDATABASE", "shop")
    monkeypatch.setenv("PGPASSWORD", "zq")

    assert connection.shown("postgresql://") == "@db.example:5433/shop"
    assert connection.shown("postgresql://u@a,b/d") == "u@a:5432,b:5432/d"
    assert connection.shown("postgresql://u@a:1,b:2/d") == "u@a:1,b:2/d"


ODD = (
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "TimeZone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "extra_float_digits = -5",
    "standard_conforming_strings = off",
    "quote_all_identifiers = on",
    "default_transaction_isolation = 'serializable'",
    "statement_timeout = '5s'",
    "lock_timeout = '4s'",
    "idle_session_timeout = '3s'",
    "client_encoding = 'latin1'",
    "row_security = on",
)


@pytest.fixture
def odd(every_database: str) -> str:
    """A database that has settings of its own."""
    name = every_database.rpartition("/")[2]
    with connection.connect(every_database, name="tests") as conn:
        for setting in ODD:
            conn.execute(f'ALTER DATABASE "{name}" SET {setting}'.encode())
    return every_database


def shown(conn: Connection, *names: str) -> list[str]:
    return [str(conn.execute(f"SHOW {name}".encode()).fetchone()[0]) for name in names]  # type: ignore[index]  # SHOW always has a row


def test_a_session_reads_what_it_prints_whatever_the_database_has_set(odd: str) -> None:
    with connection.connect(odd, name="execute/tests") as conn:
        row = conn.execute(
            "SELECT '2026-02-01 00:00:00+00'::timestamptz, '1 day -02:00:00'::interval,"
            r" '\x00ff'::bytea, 0.1::float8::text, 'é', '2026-02-01'::date::text,"
            " pg_catalog.quote_ident('plain'), '\\'"
        ).fetchone()
        limits = shown(conn, "statement_timeout", "lock_timeout", "idle_session_timeout")
        isolation = shown(conn, "default_transaction_isolation", "row_security")

    assert row == (
        datetime(2026, 2, 1, tzinfo=UTC),
        timedelta(hours=22),
        bytes([0, 255]),
        "0.1",
        "é",
        "2026-02-01",
        "plain",
        "\\",
    )
    assert limits == ["0", "0", "0"]
    assert isolation == ["read committed", "off"]


def test_the_authors_text_has_the_formats_of_the_role(odd: str) -> None:
    given = (Setting(name="DateStyle", value="German"),)
    with connection.connect(odd, name="execute/tests") as conn:
        found = {one.name: one.value for one in pins.authors(conn, given)}

    assert found == {
        "DateStyle": "German",
        "IntervalStyle": "sql_standard",
        "TimeZone": "Asia/Kathmandu",
        "bytea_output": "escape",
        "extra_float_digits": "-5",
    }


def test_formats_are_the_authors_only_within_the_block(odd: str) -> None:
    with connection.connect(odd, name="execute/tests") as conn:
        settings = pins.authors(conn, ())
        with conn.transaction():
            with pins.formats(conn, settings):
                inside = conn.execute("SELECT '2026-02-01'::date::text").fetchone()
            after = conn.execute("SELECT '2026-02-01'::date::text").fetchone()

    assert (inside, after) == (("01/02/2026",), ("2026-02-01",))


def test_where_the_role_has_the_usual_settings_nothing_is_put_back(database: str) -> None:
    with connection.connect(database, name="execute/tests") as conn:
        assert [one.name for one in pins.authors(conn, ()) if one.name != "TimeZone"] == []


def test_a_server_that_is_too_old_is_refused(own: Connection) -> None:
    with pytest.raises(RefusedError, match="and zdm needs 99 or newer"):
        connection.refuse_old(own, least=99)

    assert own.closed
