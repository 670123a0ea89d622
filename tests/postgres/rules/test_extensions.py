"""The extensions that `extension-ops` lets pass touch nothing that was there."""

import pytest

from zdm.postgres.session import connection
from zdm.rules.transactions.extension_ops import ONLY_NEW

AVAILABLE = "SELECT name FROM pg_available_extensions WHERE installed_version IS NULL"
LOCKED = """
SELECT relation::regclass::text FROM pg_locks JOIN pg_class AS c ON c.oid = relation
WHERE pid = pg_backend_pid() AND relation >= 16384 AND mode <> 'AccessShareLock'
  AND c.xmin::text::bigint <> pg_current_xact_id()::xid::text::bigint
"""


def test_an_extension_of_the_list_locks_no_relation_that_was_there(database: str) -> None:
    locked = {}
    with connection.connect(database, name="tests") as conn:
        conn.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)")
        there = {name for (name,) in conn.execute(AVAILABLE).fetchall()} & ONLY_NEW
        for name in sorted(there):
            with conn.transaction(force_rollback=True):
                conn.execute(f'CREATE EXTENSION "{name}" CASCADE'.encode())
                locked[name] = conn.execute(LOCKED).fetchall()

    assert len(there) > 30
    assert not any(locked.values()), locked


@pytest.mark.parametrize("name", ["postgis", "timescaledb", "pg_repack"])
def test_others_do_not_pass(name: str) -> None:
    assert name not in ONLY_NEW
