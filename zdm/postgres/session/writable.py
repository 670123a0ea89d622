"""Does the server take writes from this role? Asked before a run, and after each reconnect."""

from zdm.errors import RefusedError
from zdm.postgres.session import connection, error_kinds
from zdm.postgres.session.connection import Connection

_ASK = (
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('default_transaction_read_only') = 'on',"
    " current_user, pg_catalog.current_database()"
)


def refusal(opened: Connection) -> RefusedError | None:
    """Why it takes none; None where it does."""
    with connection.translated("asking whether the server takes writes"):
        row = opened.execute(_ASK).fetchone()
    assert row is not None
    is_standby, is_read_only, role, database = row
    if is_standby:
        return RefusedError(
            "the server is a hot standby, which takes no writes",
            hint=error_kinds.WRITES,
        )
    if is_read_only:
        return RefusedError(
            f"default_transaction_read_only is on for the role {role} or the database"
            f" {database}, so zdm may not write there",
            hint=f"ALTER ROLE {role} RESET default_transaction_read_only, and ALTER DATABASE"
            f" {database} RESET it; or run zdm as another role",
        )
    return None
