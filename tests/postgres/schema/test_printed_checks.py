"""What the server prints of a CHECK is what its author said."""

import psycopg
import pytest

from tests.conftest import fresh_database
from zdm.parse import expressions
from zdm.parse.readers import printed
from zdm.postgres.server.provider import Server
from zdm.schema import not_null_proof

CHECKS = (
    "v IN ('x', 'y')",
    "v NOT IN ('x', 'y')",
    "t IN ('x')",
    "n IN (1, 2.5)",
    "i IN (-1, 2)",
    "n > 0",
    "i > -1 AND i < 10",
    "i BETWEEN 1 AND 5",
    "v LIKE 'x%'",
    "t ~ '^[a-z]+$'",
    "length(v) < 5",
    "v <> '' AND lower(v) = v",
    "b OR i IS NOT NULL",
    "NOT b",
    "d > '2020-01-01'",
    "coalesce(i, 0) >= 0",
    "char_length(trim(v)) > 0",
    "v IS NULL OR i = 3",
)


@pytest.mark.parametrize("check", CHECKS)
def test_the_server_prints_what_was_said(server: Server, check: str) -> None:
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            b"CREATE TABLE t (v varchar(20), t text, n numeric, i int, b boolean, d date,"
            b" CONSTRAINT k CHECK (" + check.encode() + b"))"
        )
        row = conn.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k'"
        ).fetchone()

    assert row is not None
    shown = not_null_proof.condition(row[0])
    assert shown is not None
    assert printed.alike(expressions.read(check), shown), row[0]
