"""Edge values of every type are texts that the type reads."""

import pytest

from tests.conftest import fresh_database
from zdm.model.sql import literal
from zdm.postgres.replay import edge_values
from zdm.postgres.replay.sample_rows import tried
from zdm.postgres.replay.sample_values import Types
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

OF_AUTHOR = """
CREATE TYPE public.mood AS ENUM ('sad', 'it''s', 'glad');
CREATE TYPE public.pair AS (a integer, b text);
CREATE DOMAIN public.code AS text CHECK (value <> 'x');
"""


@pytest.mark.parametrize(
    "kind",
    [
        "smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean",
        "uuid", "date", "timestamp without time zone", "timestamp with time zone",
        "time without time zone", "interval", "json", "jsonb", "bytea", "inet", "text",
        "character varying", "tsvector", "mood", "pair", "code", "integer[]", "mood[]",
        "int4range", "int4multirange", "text[]",
    ],
)  # fmt: skip
def test_the_type_reads_each_edge(server: Server, kind: str) -> None:
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute(OF_AUTHOR.encode())
        edges = edge_values.values(Types(conn), kind)
        unread = [
            text
            for text in edges
            if tried(conn, f"SELECT CAST({literal(text)} AS {kind})", keep=False) is not None
        ]

    assert len(edges) > 1
    assert unread == []
