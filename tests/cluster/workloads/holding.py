"""What keeps a run in one phase until a test lets it go on: orders to it, no race with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

HOLD = "hold"  # a session of this name holds a backfill whose settings have GATES
OLD_SESSION = "zdm-app:v1/hold"  # one of the old version, which the gate waits for
NEW_SESSION = "zdm-app:v2/reader"  # one of the new version, which it does not wait for
GATES = f"""
[backfill.gates]
poll = "500ms"
sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{HOLD}'"
sql_above = 0
"""


@contextmanager
def session(url: str, name: str) -> Iterator[None]:
    """A session that does nothing but have a name."""
    with psycopg.connect(url, application_name=name, autocommit=True):
        yield


@contextmanager
def lock(url: str) -> Iterator[None]:
    """A reader that does not end: the shop works, and no ALTER TABLE gets its lock."""
    with psycopg.connect(url, application_name=NEW_SESSION) as connection:
        connection.execute("LOCK TABLE users IN ACCESS SHARE MODE")
        yield
