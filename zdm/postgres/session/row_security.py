"""Does a policy hide rows from the role? zdm must see every row, or say that it does not."""

from collections.abc import Sequence

from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

WAYS = "give it BYPASSRLS, or NO FORCE ROW LEVEL SECURITY to the table while zdm runs"
_HIDING = (
    "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname)"
    " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relrowsecurity AND pg_catalog.row_security_active(c.oid)"
    " AND (%s::text[] IS NULL OR c.oid = ANY"
    " (SELECT pg_catalog.to_regclass(t) FROM unnest(%s::text[]) AS t)) ORDER BY 1"
)


def hiding(opened: Connection, tables: Sequence[str] | None) -> tuple[str, ...]:
    """Those of the tables, or of all, of which a policy hides rows from the role."""
    wanted = None if tables is None else list(tables)
    return tuple(row[0] for row in opened.execute(_HIDING, (wanted, wanted)).fetchall())


def remedy(opened: Connection, table: str) -> str:
    """What lets the role see every row of a table."""
    return (
        f"ALTER ROLE {connection.role(opened)} BYPASSRLS, or ALTER TABLE {table} NO FORCE ROW"
        " LEVEL SECURITY while zdm runs"
    )
