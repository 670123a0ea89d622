"""What an application sees of each pair of types, measured: a value as text, as a parameter of
its driver in text and in binary form, what it reads, and which rows are equal to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from tests.conftest import fresh_database, lasting
from zdm.postgres.server.provider import Server
from zdm.recipes.type import shared_types


@dataclass(frozen=True)
class Shared:
    """A pair whose versions share the name: values of the driver, as text too."""

    old: str
    new: str
    values: tuple[tuple[str, Any], ...]
    same: Any = str  # how two texts that were read are compared
    equal: bool = True  # the type has =


SHARED = (
    Shared(
        "numeric(10,2)",
        "numeric(14,4)",
        (("1.25", Decimal("1.25")), ("-3", -3), ("99999999.99", Decimal("99999999.99"))),
        Decimal,
    ),
    Shared("numeric(4,0)", "numeric(6,1)", (("12", 12), ("-9999", Decimal(-9999))), Decimal),
    Shared(
        "character varying(30)", "character varying(9)", (("", ""), ("a ", "a "), ("é", "é"))
    ),
    Shared("text", "character varying(9)", (("", ""), ("a ", "a "), ("A", "A"), ("é", "é"))),
    Shared(
        "json",
        "jsonb",
        (
            ('{"b": 1,  "a": [1.50, null]}', Json({"b": 1, "a": [1.5, None]})),
            ('{"a": 1, "a": 2}', Json({"a": 2})),
            ('"\\u00e9"', Json("é")),
            ("null", Json(None)),
        ),
        json.loads,
        equal=False,
    ),
)
APART = (
    ("integer", "numeric", "7", "SELECT c / 2 FROM t"),
    ("bigint", "double precision", "7", "SELECT c / 2 FROM t"),
    ("real", "double precision", "0.1", "SELECT c FROM t"),
    ("real", "numeric", "16777217", "SELECT c FROM t"),
    ("double precision", "numeric", "1234567890.12345678", "SELECT c FROM t"),
    ("numeric(20,10)", "double precision", "0.3", "SELECT c * 3 FROM t"),
    ("character(3)", "text", "'a'", "SELECT c FROM t"),
    ("character(3)", "character(5)", "'a'", "SELECT c FROM t"),
    ("text", "character(3)", "'a'", "SELECT c FROM t"),
    ("timestamp", "timestamptz", "'2026-01-01'", "SELECT c FROM t"),
    ("timestamptz", "timestamp", "'2026-01-01 00:00+00'", "SELECT c FROM t"),
    ("date", "timestamp", "'2026-01-01'", "SELECT c FROM t"),
    ("timestamp", "date", "'2026-01-01 10:00'", "SELECT c FROM t"),
    ("jsonb", "json", "'{}'", "SELECT c = '{}' FROM t"),
    ("text", "uuid", "'{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'", "SELECT c FROM t"),
    ("text", "integer", "'7'", "INSERT INTO t (c) VALUES ('7'::text) RETURNING c"),
)
_FORMAT = (
    "SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = 't'::regclass AND attname = 'c'"
)


@pytest.fixture(
    scope="module", params=[pytest.param(14, marks=pytest.mark.more), 18], ids=["14", "18"]
)
def ground(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


@pytest.fixture
def session(ground: Server) -> Iterator["psycopg.Connection[Any]"]:
    with fresh_database(ground) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET TimeZone TO 'Asia/Kathmandu'")
        yield conn


def _table(session: "psycopg.Connection[Any]", kind: str) -> str:
    """Made anew; its type as it is printed."""
    session.execute("DROP TABLE IF EXISTS t")
    session.execute(
        f"CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, c {kind})".encode()
    )
    row = session.execute(_FORMAT).fetchone()
    return "" if row is None else str(row[0])


def _seen(
    session: "psycopg.Connection[Any]", pair: Shared, kind: str
) -> tuple[list[str], list[Any], list[int]]:
    _table(session, kind)
    counts: list[int] = []
    for text, value in pair.values:
        session.execute(f"INSERT INTO t (c) VALUES ('{text}')".encode())
        session.execute(b"INSERT INTO t (c) VALUES (%t)", [value])
        session.execute(b"INSERT INTO t (c) VALUES (%b)", [value])
        session.execute(f"INSERT INTO t (c) VALUES (CAST(%s AS {pair.old}))".encode(), [value])
        for by in ("%t", "%b", f"'{text}'", f"CAST(%s AS {pair.old})") if pair.equal else ():
            given = [value] if "%" in by else []
            sql = f"SELECT count(*) FROM t WHERE c = {by}"
            ((count,),) = session.execute(sql.encode(), given).fetchall()
            counts.append(count)
    texts = session.execute(b"SELECT c::text FROM t ORDER BY id").fetchall()
    values = session.execute(b"SELECT c FROM t ORDER BY id").fetchall()
    return [t for (t,) in texts], [v for (v,) in values], counts


@pytest.mark.parametrize("pair", SHARED, ids=lambda pair: f"{pair.old} to {pair.new}")
def test_the_old_version_writes_and_reads_both(
    session: "psycopg.Connection[Any]", pair: Shared
) -> None:
    assert shared_types.shared(pair.old, pair.new) is not None

    before, after = _seen(session, pair, pair.old), _seen(session, pair, pair.new)

    assert list(map(pair.same, before[0])) == list(map(pair.same, after[0]))
    assert before[1] == after[1]
    assert list(map(type, before[1])) == list(map(type, after[1]))
    assert before[2] == after[2]
    assert all(before[2])


def _answer(session: "psycopg.Connection[Any]", sql: str) -> str:
    try:
        return repr(session.execute(sql.encode()).fetchone())
    except psycopg.Error as error:
        return str(error.sqlstate)


@pytest.mark.parametrize(("old", "new", "value", "sql"), APART)
def test_the_old_version_sees_another_value(
    session: "psycopg.Connection[Any]", old: str, new: str, value: str, sql: str
) -> None:
    was = _table(session, old)
    session.execute(f"INSERT INTO t (c) VALUES ({value})".encode())
    before = _answer(session, sql)
    session.execute(f"ALTER TABLE t ALTER c TYPE {new} USING c::{new}".encode())
    row = session.execute(_FORMAT).fetchone()
    assert row is not None

    assert shared_types.shared(was, row[0]) is None
    assert shared_types.apart(was, row[0]) is not None
    assert _answer(session, sql) != before
