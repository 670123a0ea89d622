"""Is schema `zdm` ours, and may the role make and write the journal there?

Read from the catalog before anything is written, so that what is missing is named.
"""

from msgspec import Struct

from zdm.errors import RefusedError
from zdm.model.sql import ident
from zdm.postgres.session.connection import Connection

SHOWN = 5  # names in a message
_SCHEMA = """
SELECT coalesce(n.nspname, ''), coalesce(pg_catalog.pg_get_userbyid(n.nspowner), ''),
       coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
       coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),
       pg_catalog.has_database_privilege(d.oid, 'CREATE'),
       ARRAY(SELECT c.relname::text FROM pg_catalog.pg_class AS c
             WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
             ORDER BY 1),
       -- what a journal of any version has
       (SELECT count(*) = 2 FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
        WHERE c.relnamespace = n.oid AND c.relkind = 'r'
          AND (c.relname, a.attname) IN (('journal', 'version'), ('run', 'plan_digest'))),
       coalesce((SELECT pg_catalog.bool_and(
             pg_catalog.has_table_privilege(c.oid, 'SELECT')
             AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
             AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
             AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))
        FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind = 'r'), true),
       coalesce((SELECT pg_catalog.bool_and(pg_catalog.pg_has_role(c.relowner, 'USAGE'))
        FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind = 'r'), true),
       current_user, d.datname
FROM pg_catalog.pg_database AS d
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'zdm'
WHERE d.datname = pg_catalog.current_database()
"""


class Found(Struct, frozen=True):
    """Schema `zdm` as the role finds it."""

    schema: str  # empty: there is none
    owner: str
    usage: bool
    create: bool
    create_on_database: bool
    relations: list[str]
    is_journal: bool
    may_write: bool
    may_alter: bool
    role: str
    database: str

    @property
    def remedy(self) -> str:
        """How the role gets the rights."""
        role, name = ident(self.role), ident(self.database)
        if not self.schema:
            return (
                f"GRANT CREATE ON DATABASE {name} TO {role}; or, as its owner:"
                f" CREATE SCHEMA zdm AUTHORIZATION {role}"
            )
        if not self.is_journal:
            return f"GRANT USAGE, CREATE ON SCHEMA zdm TO {role}, or make it the schema's owner"
        return f"run zdm as {ident(self.owner)}, or GRANT {ident(self.owner)} TO {role}"


def find(connection: Connection) -> Found:
    """Look at the schema; nothing is written."""
    row = connection.execute(_SCHEMA).fetchone()
    assert row is not None
    return Found(*row)


def refusal(found: Found, *, altering: bool) -> RefusedError | None:
    """Why no journal can be made or written there; `altering` where its tables must change."""
    if found.relations and not found.is_journal:
        names = ", ".join(found.relations[:SHOWN])
        return RefusedError(
            f"schema `zdm` holds what zdm did not make ({names}), where its journal would be",
            hint="rename or move that schema: zdm needs one of its own by this name",
        )
    if may(found, altering=altering):
        return None
    whose = f" of {found.owner}" if found.schema else ""
    return RefusedError(
        f"the role {found.role} may not make or write zdm's journal in schema `zdm`{whose} of"
        f" database {found.database}",
        hint=found.remedy,
    )


def may(found: Found, *, altering: bool) -> bool:
    """Whether the role may do what the journal needs."""
    if not found.schema:
        return found.create_on_database
    if not found.is_journal or altering:
        return found.usage and found.create and found.may_alter
    return found.usage and found.may_write
