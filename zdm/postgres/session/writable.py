"""Does the server take writes from this role, and do triggers act on them? Asked before a run,
and after each reconnect."""

from zdm.errors import RefusedError
from zdm.postgres.session import connection, error_kinds
from zdm.postgres.session.connection import Connection

_ASK = (
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('default_transaction_read_only') = 'on',"
    " pg_catalog.current_setting('session_replication_role') = 'replica',"
    " session_user, pg_catalog.current_database()"
)
_RESET = """
SELECT CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL'
            WHEN s.setrole = 0 THEN pg_catalog.format('ALTER DATABASE %%I', d.datname)
            WHEN s.setdatabase = 0 THEN pg_catalog.format('ALTER ROLE %%I', session_user)
            ELSE pg_catalog.format('ALTER ROLE %%I IN DATABASE %%I', session_user, d.datname)
       END || ' RESET ' || %(name)s
FROM pg_catalog.pg_db_role_setting AS s
JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
WHERE s.setdatabase IN (0, d.oid)
  AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles AS r
                        WHERE r.rolname = session_user))
  AND EXISTS (SELECT FROM unnest(s.setconfig) AS c (item)
              WHERE pg_catalog.starts_with(c.item, %(name)s || '='))
ORDER BY 1
"""


def refusal(opened: Connection) -> RefusedError | None:
    """Why it takes none; None where it does."""
    with connection.translated("asking whether the server takes writes"):
        row = opened.execute(_ASK).fetchone()
        assert row is not None
        is_standby, is_read_only, is_replica, role, database = row
        if is_standby:
            return RefusedError(
                "the server is a hot standby, which takes no writes",
                hint=error_kinds.WRITES,
            )
        if is_read_only:
            return RefusedError(
                f"default_transaction_read_only is on for the role {role} or the database"
                f" {database}, so zdm may not write there",
                hint=_reset(opened, "default_transaction_read_only"),
            )
        if is_replica:
            return RefusedError(
                f"session_replication_role is replica for the role {role} or the database"
                f" {database}, so foreign keys and triggers would not act on what zdm writes",
                hint=_reset(opened, "session_replication_role"),
            )
    return None


def _reset(opened: Connection, name: str) -> str:
    """Where it is set, and how it is put back."""
    found = [row[0] for row in opened.execute(_RESET, {"name": name}).fetchall()]
    where = "; ".join(found) or f"take {name} out of postgresql.conf or the URL's options"
    return f"{where}; or run zdm as another role"
