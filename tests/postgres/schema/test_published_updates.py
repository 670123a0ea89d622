"""Whether a published table takes an UPDATE: zdm's answer is the server's."""

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def asking(server: Server) -> Iterator[connection.Connection]:
    with (
        fresh_database(server) as url,
        connection.connect(url, name="tests", autocommit=True) as own,
    ):
        yield own


def fails(own: connection.Connection, sql: str) -> bool:
    try:
        own.execute(sql.encode())
    except psycopg.errors.DatabaseError:
        return True
    return False


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
    with asking(every_server) as own:
        plain = own.info.server_version < 150000
        publication = f"CREATE PUBLICATION p FOR TABLE {'t' if plain else part}"
        own.execute(f"{TABLE}{identity}{publication}".encode())
        snapshot = read.read(own)
        refused = fails(own, "UPDATE t SET n = n + 1")

    found = replication.uncovered(snapshot.require_table(Name("public", "t")), snapshot)
    assert bool(found) == refused


@pytest.mark.parametrize(
    "key",
    [
        "",
        "PRIMARY KEY (id)",
        "PRIMARY KEY (id) INCLUDE (n)",
        "PRIMARY KEY (id) DEFERRABLE",
        "PRIMARY KEY (id) INCLUDE (n) DEFERRABLE INITIALLY DEFERRED",
        "UNIQUE (id)",
    ],
)
def test_an_update_is_refused_without_a_key_that_is_not_deferrable(
    every_server: Server, key: str
) -> None:
    columns = ", ".join(filter(None, ["id int NOT NULL", "n int", key]))
    made = f"CREATE TABLE t ({columns}); INSERT INTO t VALUES (1, 1);"
    with asking(every_server) as own:
        own.execute(f"{made} CREATE PUBLICATION p FOR TABLE t".encode())
        snapshot = read.read(own)
        refused = fails(own, "UPDATE t SET n = n + 1")

    table = snapshot.require_table(Name("public", "t"))
    assert replication.takes_updates(table, snapshot) != refused


@pytest.mark.parametrize("identity", ["", FULL], ids=["key", "full"])
@pytest.mark.parametrize("more", ["n int", "n int, g int GENERATED ALWAYS AS (id + 1) STORED"])
@pytest.mark.parametrize("option", ["", ", publish_generated_columns = stored"])
def test_an_update_is_refused_where_a_generated_column_of_the_identity_is_not_sent(
    every_server: Server, identity: str, more: str, option: str
) -> None:
    made = f"CREATE TABLE t (id int PRIMARY KEY, {more}); INSERT INTO t (id, n) VALUES (1, 1);"
    with asking(every_server) as own:
        newer = own.info.server_version >= 180000
        said = option if newer else ""
        publish = f"CREATE PUBLICATION p FOR TABLE t WITH (publish = 'update'{said})"
        own.execute(f"{made}{identity}{publish}".encode())
        snapshot = read.read(own)
        refused = fails(own, "UPDATE t SET n = n + 1")

    table = snapshot.require_table(Name("public", "t"))
    assert bool(replication.unsent(table, snapshot)) == refused


@pytest.mark.parametrize("keyed", ["t", "part", ""])
def test_a_partition_needs_an_identity_and_the_table_above_it_none(
    every_server: Server, keyed: str
) -> None:
    key = f"ALTER TABLE {keyed} ADD PRIMARY KEY (id);" if keyed else ""
    made = f"""
    CREATE TABLE t (id int NOT NULL, n int) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF t DEFAULT;
    INSERT INTO t VALUES (1, 1);
    {key}
    CREATE PUBLICATION p FOR TABLE t;
    """
    with asking(every_server) as own:
        own.execute(made.encode())

        snapshot = read.read(own)
        part = snapshot.require_table(Name("public", "part"))
        assert replication.takes_updates(part, snapshot) == bool(keyed)
        assert fails(own, "UPDATE t SET n = n + 1") == (not keyed)
        assert fails(own, "UPDATE part SET n = n + 1") == (not keyed)
