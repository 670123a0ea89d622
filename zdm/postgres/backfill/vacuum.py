"""VACUUM of a table that is filled: between batches, so that later ones reuse the space, and
at the end, with ANALYZE, so that reads of the new column are planned well.

It takes SHARE UPDATE EXCLUSIVE, like an autovacuum or a VALIDATE, so it waits a second only.
"""

import psycopg
from psycopg import errors

from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.session.connection import Connection, first_line

DELAY = "2ms"  # after some pages, as an autovacuum rests (manual, 19.10)


def rest_as_autovacuum(connection: Connection) -> None:
    """Let the connection's VACUUM rest as an autovacuum does; by default it never does."""
    connection.execute("SELECT pg_catalog.set_config('vacuum_cost_delay', %s, false)", (DELAY,))


def vacuum(connection: Connection, walk: Walk, *, analyze: bool = False) -> str:
    """Run it; a sentence where it was not possible, else nothing."""
    options = "(ANALYZE)" if analyze else ""
    row = connection.execute("SHOW statement_timeout").fetchone()
    connection.execute("SET statement_timeout = 0")
    try:
        connection.execute(f"VACUUM {options} {walk.name.sql}".encode())
    except (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected) as error:
        return f"VACUUM of {walk.relation} was skipped: {first_line(error)}"
    finally:
        if row is not None and not connection.closed:
            _restore(connection, row[0])
    return ""


def _restore(connection: Connection, timeout: str) -> None:
    try:
        connection.execute(
            "SELECT pg_catalog.set_config('statement_timeout', %s, false)", (timeout,)
        )
    except psycopg.OperationalError:
        connection.close()  # its next user sees that it is lost
