"""Whether a published table takes an UPDATE: zdm's answer is the server's."""

import psycopg
import pytest

from tests.conftest import fresh_database
from zdm.model.schema import Name
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.schema import replication

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, n int);
CREATE UNIQUE INDEX by_k ON t (k);
INSERT INTO t VALUES (1, 1, 1);
"""
BY_K = "ALTER TABLE t REPLICA IDENTITY USING INDEX by_k;"
FULL = "ALTER TABLE t REPLICA IDENTITY FULL;"


@pytest.mark.parametrize("identity", ["", BY_K, FULL], ids=["key", "index", "full"])
@pytest.mark.parametrize(
    "part",
    [
        "t",
        "t (id)",
        "t (k, n)",
        "t (id, k, n)",
        "t WHERE (id > 0)",
        "t WHERE (k > 0)",
        "t (id, n) WHERE (id > 0 AND n > 0)",
        "t (id) WHERE (id > 0)",
    ],
)
def test_an_update_is_refused_where_list_or_filter_lack_the_identity(
    every_server: Server, identity: str, part: str
) -> None:
    with (
        fresh_database(every_server) as url,
        connection.connect(url, name="tests", autocommit=True) as own,
    ):
        plain = own.info.server_version < 150000
        publication = f"CREATE PUBLICATION p FOR TABLE {'t' if plain else part}"
        own.execute(f"{TABLE}{identity}{publication}".encode())
        snapshot = read.read(own)
        try:
            own.execute("UPDATE t SET n = n + 1")
            refused = False
        except psycopg.errors.DatabaseError:
            refused = True

    found = replication.uncovered(snapshot.require_table(Name("public", "t")), snapshot)
    assert bool(found) == refused
