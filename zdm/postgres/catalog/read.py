"""The catalog of a server as a Snapshot.

Read in one REPEATABLE READ transaction with an empty search_path, so that every definition
is fully qualified and comes out the same for every role. Objects of extensions, of the
schema `zdm` and of temporary schemas are left out; leftovers that zdm made elsewhere are
not: they are drift. Needs no privilege beyond connecting; statistics that the role may not
read are missing estimates. Options of foreign servers and user mappings are not read: they
may hold passwords. Nor are large objects and security labels.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from importlib import resources

from msgspec.structs import replace
from psycopg.rows import dict_row

from zdm.model.catalog.database import (
    Extension,
    Membership,
    Other,
    Publication,
    Setting,
    Unshown,
)
from zdm.model.schema import Name, Snapshot, Table, sorted_tables
from zdm.model.sql import ident
from zdm.postgres.catalog import ddl, values
from zdm.postgres.catalog.values import Row, Rows
from zdm.postgres.session.connection import Connection, translated

_MINE = """(n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass
                    AND own.objid = c.oid AND own.deptype = 'e'))"""
_PUBLISHED = """ || coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ') || ')'
  FROM unnest(r.prattrs::int2[]) AS u (num) JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = t.oid AND a.attnum = u.num), '')
  || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')"""
_PUBLISHED_SCHEMAS = """(SELECT coalesce(array_agg(sn.nspname::text ORDER BY sn.nspname), '{}')
  FROM pg_catalog.pg_publication_namespace AS ps
  JOIN pg_catalog.pg_namespace AS sn ON sn.oid = ps.pnnspid WHERE ps.pnpubid = p.oid)"""
# Constants in expressions are printed by their types' output functions.
_CANONICAL = (
    ("search_path", ""),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("lock_timeout", "5s"),  # sizes and definitions wait for an ACCESS EXCLUSIVE lock
)
_SET_ALL = """SELECT pg_catalog.set_config(c.name, c.value, true)
  FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]))
       AS c (name, value)"""
# An access control list without what the owner has by default, and without the owner as
# grantor, since owners are no part of a schema; `=/` where PUBLIC lost what it has by default.
_GRANTS = r"""ARRAY(SELECT item FROM (
  SELECT CASE WHEN (SELECT e.grantor FROM aclexplode(ARRAY[g]) AS e LIMIT 1) = {owner}
              THEN regexp_replace(g::text, '/("([^"]|"")*"|[^/"]*)$', '/') ELSE g::text END
  FROM unnest({acl}) AS g WHERE NOT g = ANY (acldefault('{kind}', {owner}))
  UNION ALL
  SELECT '=/' WHERE {acl} IS NOT NULL
     AND EXISTS (SELECT FROM aclexplode(acldefault('{kind}', {owner})) AS e WHERE e.grantee = 0)
     AND NOT EXISTS (SELECT FROM aclexplode({acl}) AS e WHERE e.grantee = 0)
  ) AS list (item) ORDER BY item COLLATE "C")"""
_GRANTS_MARK = re.compile(r"/\*grants (\S+) (\S+) (\S)\*/")
_CATALOGS = {"functions": "pg_proc", "types": "pg_type"}
VERSION_TABLE = "alembic_version"
DEFAULT_PRIVILEGES = "default acl"  # as pg_identify_object calls them
# What a statement means, or gives, may depend on them. Others may hold secrets.
SETTINGS = (
    "search_path", "TimeZone", "DateStyle", "IntervalStyle", "lc_monetary", "lc_numeric",
    "lc_time", "extra_float_digits", "bytea_output", "xmlbinary", "xmloption", "row_security",
    "array_nulls", "transform_null_equals", "backslash_quote", "standard_conforming_strings",
    "default_text_search_config", "default_toast_compression", "check_function_bodies",
    "plpgsql.variable_conflict",
)  # fmt: skip
_KNOWN = {name.lower(): name for name in SETTINGS}
# The later row wins: role in database, role, database, all (manual, ALTER ROLE).
_SET = """SELECT pg_catalog.split_part(item, '=', 1),
  pg_catalog.replace(pg_catalog.substr(item, pg_catalog.strpos(item, '=') + 1),
                     '"$user"', pg_catalog.quote_ident(current_user))
  FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS item
  WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                              WHERE d.datname = pg_catalog.current_database()))
    AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles AS r
                          WHERE r.rolname = session_user))
  ORDER BY s.setrole <> 0, s.setdatabase <> 0"""
# Of other roles: the row of this database wins.
_SET_FOR = """SELECT r.rolname, pg_catalog.split_part(item, '=', 1),
  pg_catalog.replace(pg_catalog.substr(item, pg_catalog.strpos(item, '=') + 1),
                     '"$user"', pg_catalog.quote_ident(r.rolname))
  FROM pg_catalog.pg_db_role_setting AS s JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole,
       pg_catalog.unnest(s.setconfig) AS item
  WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                              WHERE d.datname = pg_catalog.current_database()))
    AND r.rolname = ANY (%s) AND r.rolname <> session_user
  ORDER BY s.setdatabase <> 0"""
_MEMBERS = """SELECT m.rolname, r.rolname FROM pg_catalog.pg_auth_members AS a
  JOIN pg_catalog.pg_roles AS m ON m.oid = a.member
  JOIN pg_catalog.pg_roles AS r ON r.oid = a.roleid
  WHERE m.rolname = ANY (%s) AND r.rolname = ANY (%s) ORDER BY 1, 2"""


def read(connection: Connection, *, version_table: Name | None = None) -> Snapshot:
    """The database's schema; raises TemporaryError where the connection is lost.

    `version_table` is Alembic's; without it, the table named `alembic_version`, if there is
    exactly one. It is no part of the tables.
    """
    with translated("reading the catalog"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return contents(connection, version_table=version_table)


def contents(connection: Connection, *, version_table: Name | None = None) -> Snapshot:
    """The schema as the transaction sees it, with what it has done so far; it is left with
    settings of the reading."""
    (path,) = connection.execute("SELECT pg_catalog.current_schemas(false)").fetchone() or ((),)
    connection.execute(_SET_ALL, tuple(map(list, zip(*_CANONICAL, strict=True))))
    absent = {row["kind"] for row in _rows(connection, "absent")}

    def rows(kind: str) -> list[Row]:
        return [] if kind in absent else _rows(connection, kind)

    tables = () if "tables" in absent else _tables(rows)
    version = _version_table(tables, version_table)
    others = [values.other(row) for row in rows("others")]
    found = Snapshot(
        server_version=connection.info.server_version,
        schemas=_schemas(connection),
        extensions=_extensions(connection),
        types=tuple(values.type(row) for row in rows("types")),
        sequences=tuple(values.sequence(row) for row in rows("sequences")),
        tables=sorted_tables(table for table in tables if table.name != version),
        views=tuple(values.view(row) for row in rows("views")),
        functions=tuple(values.function(row) for row in rows("functions")),
        publications=() if "publications" in absent else _publications(connection),
        servers=tuple(values.server(row) for row in rows("servers")),
        others=tuple(one for one in others if one.kind != DEFAULT_PRIVILEGES),
        rights=(
            *(one for one in others if one.kind == DEFAULT_PRIVILEGES),
            *_schema_rights(connection),
        ),
        settings=_settings(connection),
        search_path=tuple(path),
        version_table=version,
        heads=_heads(connection, version),
        unshown=_unshown(connection, [t for t in tables if t.name == version]),
    )
    named = ddl.roles(found)
    return replace(
        found,
        role_settings=_role_settings(connection, named),
        memberships=_memberships(connection, named),
    )


def _rows(connection: Connection, query: str, **marks: str) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_text(query, tuple(marks.items())))
        return list(cursor.fetchall())


@cache
def _text(query: str, marks: tuple[tuple[str, str], ...]) -> bytes:
    text = resources.files("zdm.postgres").joinpath("queries", f"{query}.sql").read_text()
    mine = _MINE.format(catalog=_CATALOGS.get(query, "pg_class"))
    text = _GRANTS_MARK.sub(lambda m: _GRANTS.format(acl=m[1], owner=m[2], kind=m[3]), text)
    for mark, part in (("mine", mine), *marks):
        text = text.replace(f"/*{mark}*/", part)
    return text.encode()


def _grouped(rows: Iterable[Row]) -> Rows:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["oid"]].append(row)
    return groups


def _tables(rows: Callable[[str], list[Row]]) -> tuple[Table, ...]:
    kinds = (
        "columns", "column_statistics", "constraints", "indexes", "triggers", "policies",
        "dependents",
    )  # fmt: skip
    parts = {kind: _grouped(rows(kind)) for kind in kinds}
    return tuple(values.table(row, parts) for row in rows("tables"))


def _schemas(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT nspname FROM pg_catalog.pg_namespace AS n WHERE nspname !~ '^pg_'"
        " AND nspname NOT IN ('information_schema', 'zdm') AND NOT EXISTS ("
        "SELECT FROM pg_catalog.pg_depend AS own WHERE own.objid = n.oid AND own.deptype = 'e'"
        " AND own.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass) ORDER BY nspname"
    )
    return tuple(name for (name,) in rows)


def _extensions(connection: Connection) -> tuple[Extension, ...]:
    rows = connection.execute(
        "SELECT e.extname, n.nspname, e.extversion FROM pg_catalog.pg_extension AS e"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace"
        " WHERE e.extname <> 'plpgsql' ORDER BY 1"
    )
    return tuple(Extension(name=a, schema=b, version=c) for a, b, c in rows)


def _publications(connection: Connection) -> tuple[Publication, ...]:
    newer = connection.info.server_version >= 150000
    rows = _rows(
        connection,
        "publications",
        details=_PUBLISHED if newer else "",
        schemas=_PUBLISHED_SCHEMAS if newer else "'{}'::text[]",
    )
    return tuple(values.publication(row) for row in rows)


def _schema_rights(connection: Connection) -> Iterator[Other]:
    for row in _rows(connection, "schemas"):
        found = _schema(row)
        if found.definition or found.comment:
            yield found


def _schema(row: Row) -> Other:
    """A schema's grants and comment, where they are not those of initdb or CREATE SCHEMA."""
    name, grants, comment = row["name"], list(row["grants"]), row["comment"]
    if name == "public":
        first = row["first"]  # what PUBLIC has from initdb on
        grants = [g for g in grants if g != first] if first in grants else ["=/", *grants]
        comment = None if comment == "standard public schema" else comment
    return values.schema(ident(name), tuple(grants), comment)


def _settings(connection: Connection) -> tuple[Setting, ...]:
    rows = connection.execute(_SET).fetchall()
    found = {_KNOWN[key.lower()]: value for key, value in rows if key.lower() in _KNOWN}
    return tuple(Setting(name=key, value=found[key]) for key in sorted(found))


def _role_settings(connection: Connection, named: Collection[str]) -> tuple[Setting, ...]:
    """Of roles that have rights in the schema."""
    rows = connection.execute(_SET_FOR, [list(named)]).fetchall()
    found = {
        (role, _KNOWN[key.lower()]): value for role, key, value in rows if key.lower() in _KNOWN
    }
    return tuple(
        Setting(role=role, name=key, value=found[role, key]) for role, key in sorted(found)
    )


def _memberships(connection: Connection, named: Collection[str]) -> tuple[Membership, ...]:
    """Of roles that have rights in the schema."""
    rows = connection.execute(_MEMBERS, [list(named), list(named)])
    return tuple(Membership(member=member, of=role) for member, role in rows)


def _unshown(connection: Connection, left_out: Iterable[Table]) -> Unshown:
    names: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for row in _rows(connection, "unshown"):
        names[row["left_out"]].add((row["schema"], row["name"]))
    for table in left_out:
        parts = [table.name.name, *(one.name for one in table.constraints)]
        parts += [one.name for one in table.indexes]
        names[True] |= {(table.name.schema, part) for part in parts}
    return Unshown(names=frozenset(names[True]), not_owned=frozenset(names[False]))


def _version_table(tables: tuple[Table, ...], given: Name | None) -> Name | None:
    if given is not None:
        return given if any(table.name == given for table in tables) else None
    found = [table.name for table in tables if table.name.name == VERSION_TABLE]
    return found[0] if len(found) == 1 else None


def _heads(connection: Connection, table: Name | None) -> tuple[str, ...]:
    if table is None:
        return ()
    rows = connection.execute(f"SELECT version_num FROM {table.sql} ORDER BY 1".encode())  # noqa: S608
    return tuple(head for (head,) in rows)
