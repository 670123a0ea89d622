"""What a superuser makes in an empty database before the author's first byte.

Roles, schemas, extensions, foreign servers and publications of all tables: by names alone,
which are quoted here. No definition of a Snapshot is run.
"""

import re
from collections.abc import Collection, Iterator, Mapping

import psycopg
from msgspec.structs import replace
from psycopg import errors

from zdm.model.catalog.database import Extension, ForeignServer, Publication
from zdm.model.schema import Snapshot
from zdm.model.sql import ident, literal
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.catalog import ddl
from zdm.postgres.catalog.left_out import LeftOut
from zdm.postgres.session.connection import Connection, first_line

_MADE = "made by zdm for a throwaway database"
_NO_WRAPPER = "zdm_none"
_OWNER = (
    "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()"
)
# Roles that give their members no more than grants on objects of one database.
_HARMLESS = """
SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY (%s)
   AND NOT r.rolcanlogin AND NOT EXISTS (
  WITH RECURSIVE above AS (
    SELECT r.oid UNION SELECT m.roleid FROM above
    JOIN pg_catalog.pg_auth_members AS m ON m.member = above.oid)
  SELECT FROM above JOIN pg_catalog.pg_roles AS a USING (oid)
  WHERE a.rolsuper OR a.rolcreaterole OR a.rolcreatedb OR a.rolreplication OR a.rolbypassrls
     OR a.rolname ~ '^pg_')
"""
_OURS = (
    "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY (%s)"
    " AND pg_catalog.shobj_description(oid, 'pg_authid') = %s"
)
_GRANTORS = (
    "SELECT rolname, pg_catalog.pg_has_role(%s, oid, 'MEMBER') FROM pg_catalog.pg_roles"
    " WHERE rolname = ANY (%s)"
)
_PUBLISHES = re.compile(
    r"CREATE PUBLICATION .* WITH \(publish = '((?:insert|update|delete|truncate|, )*)'"
    r"(, publish_via_partition_root)?(, publish_generated_columns = stored)?\)",
    re.DOTALL,
)


def lay(
    conn: Connection, snapshot: Snapshot, more: tuple[NewExtension, ...] = ()
) -> tuple[LeftOut, ...]:
    """Make them, for the role that owns the database; what could not be made. `more` are the
    extensions of a migration that this role may not create."""
    (owner,) = conn.execute(_OWNER).fetchone() or ("",)
    with conn.transaction():
        conn.execute("SET LOCAL client_min_messages = error")
        _schemas(conn, snapshot, owner)
        return (
            *_extensions(conn, {one.name: _extension(one) for one in snapshot.extensions}),
            *_extensions(conn, {one.name: _new_extension(one) for one in more}),
            *_servers(conn, snapshot, owner),
            *_publications(conn, snapshot),
        )


def roles(conn: Connection, snapshot: Snapshot) -> None:
    """Roles belong to the whole server, and a second rebuild finds them."""
    named = list(ddl.roles(snapshot))
    for role in named:
        try:
            conn.execute(f"CREATE ROLE {ident(role)}".encode())
            conn.execute(f"COMMENT ON ROLE {ident(role)} IS {literal(_MADE)}".encode())
        except (
            errors.DuplicateObject,
            errors.UniqueViolation,
            errors.InsufficientPrivilege,
            errors.ReservedName,
        ):
            continue
    (owner,) = conn.execute(_OWNER).fetchone() or ("",)
    if owner == conn.info.user:  # it grants in the names of others, too
        return
    ours = made_here(conn, named)
    harmless = {role for (role,) in conn.execute(_HARMLESS, [named]).fetchall()}
    for one in snapshot.memberships:
        if {one.member, one.of} <= ours & harmless:
            conn.execute(f"GRANT {ident(one.of)} TO {ident(one.member)}".encode())
    for role in sorted(harmless):
        conn.execute(f"GRANT {ident(role)} TO {ident(owner)}".encode())


def made_here(conn: Connection, named: Collection[str]) -> set[str]:
    """Those of the roles that zdm made on this server."""
    return {role for (role,) in conn.execute(_OURS, [list(named), _MADE])}


def grantors(conn: Connection, snapshot: Snapshot) -> dict[str, bool]:
    """The roles that there are, and whether the owner may grant in their names."""
    (owner,) = conn.execute(_OWNER).fetchone() or ("",)
    return dict(conn.execute(_GRANTORS, [owner, list(ddl.roles(snapshot))]).fetchall())


def _schemas(conn: Connection, snapshot: Snapshot, owner: str) -> None:
    if "public" not in snapshot.schemas:
        conn.execute("DROP SCHEMA public")
    for schema in snapshot.schemas:
        if schema != "public":
            conn.execute(f"CREATE SCHEMA {ident(schema)} AUTHORIZATION {ident(owner)}".encode())


def _extensions(conn: Connection, creating: Mapping[str, str]) -> Iterator[LeftOut]:
    """In any order, since one may require another."""
    left = dict(creating)
    while left:
        reasons = {name: _tried(conn, sql) for name, sql in left.items()}
        failed = {name: sql for name, sql in left.items() if reasons[name]}
        if len(failed) == len(left):
            for name in failed:
                yield LeftOut(kind="extension", name=name, reason=reasons[name])
            return
        left = failed


def _extension(one: Extension) -> str:
    return f"CREATE EXTENSION {ident(one.name)} SCHEMA {ident(one.schema)}"


def _new_extension(one: NewExtension) -> str:
    text = f"CREATE EXTENSION {ident(one.name)} SCHEMA {ident(one.schema or 'public')}"
    if one.version is not None:
        text += f" VERSION {literal(one.version)}"
    return f"{text} CASCADE" if one.cascade else text


def without_wrappers(snapshot: Snapshot) -> Snapshot:
    """The Snapshot with its servers as they are made."""
    servers = tuple(replace(one, wrapper=_NO_WRAPPER) for one in snapshot.servers)
    return replace(snapshot, servers=servers)


def _servers(conn: Connection, snapshot: Snapshot, owner: str) -> Iterator[LeftOut]:
    """All of a wrapper without a handler: their tables can be changed, and never be read."""
    if snapshot.servers:
        _tried(conn, f"CREATE FOREIGN DATA WRAPPER {_NO_WRAPPER}")
    for one in snapshot.servers:
        reason = _tried(conn, _server(one, owner))
        if reason:
            yield LeftOut(kind="server", name=one.name, reason=reason)


def _server(one: ForeignServer, owner: str) -> str:
    name = ident(one.name)
    return (
        f"CREATE SERVER {name} FOREIGN DATA WRAPPER {_NO_WRAPPER};"
        f" ALTER SERVER {name} OWNER TO {ident(owner)}"
    )


def _publications(conn: Connection, snapshot: Snapshot) -> Iterator[LeftOut]:
    """Those that take tables by themselves; other publications may belong to the owner."""
    for one in snapshot.publications:
        if one.all_tables or one.schemas:
            sql = _publication(one)
            reason = "it has more than zdm makes" if sql is None else _tried(conn, sql)
            if reason:
                yield LeftOut(kind="publication", name=one.name, reason=reason)


def _publication(one: Publication) -> str | None:
    """Put together from its words, none of which is taken over as it is."""
    said = _PUBLISHES.fullmatch(one.definition)
    if said is None or (one.schemas and " FOR TABLE " in one.definition):
        return None
    what = "ALL TABLES"
    if not one.all_tables:
        what = f"TABLES IN SCHEMA {', '.join(map(ident, one.schemas))}"
    options = f"publish = {literal(said[1])}{said[2] or ''}{said[3] or ''}"
    create = f"CREATE PUBLICATION {ident(one.name)} FOR {what} WITH ({options})"
    return ";\n".join((create, *ddl.publication_details(one)))


def _tried(conn: Connection, sql: str) -> str:
    """Run it in a transaction of its own; why it failed, else nothing."""
    try:
        with conn.transaction():
            conn.execute(sql.encode())
    except psycopg.Error as error:
        if conn.broken:
            raise
        return first_line(error)
    return ""
