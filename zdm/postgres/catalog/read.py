"""The catalog of a server as a Snapshot.

Read in one REPEATABLE READ transaction with an empty search_path, so that every definition
is fully qualified and comes out the same for every role. Objects of extensions, of the
schema `zdm` and of temporary schemas are left out; leftovers that zdm made elsewhere are
not: they are drift. Needs no privilege beyond connecting; statistics that the role may not
read are missing estimates.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from psycopg.rows import dict_row

from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Extension,
    Function,
    Index,
    Name,
    Policy,
    Publication,
    Sequence,
    Snapshot,
    Table,
    Trigger,
    Type,
    View,
    Volatility,
    sorted_tables,
)
from zdm.postgres.session.connection import Connection, translated

Row = Mapping[str, Any]
Rows = Mapping[int, list[Row]]

_MINE = """(n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass
                    AND own.objid = c.oid AND own.deptype = 'e'))"""
_PUBLISHED = """ || coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ') || ')'
  FROM unnest(r.prattrs::int2[]) AS u (num) JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = t.oid AND a.attnum = u.num), '')
  || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')"""
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
# An access control list without what the owner has by default, and without the owner as
# grantor, since owners are no part of a schema; `=/` where PUBLIC lost what it has by default.
_GRANTS = r"""ARRAY(
  SELECT CASE WHEN (SELECT e.grantor FROM aclexplode(ARRAY[g]) AS e LIMIT 1) = {owner}
              THEN regexp_replace(g::text, '/("([^"]|"")*"|[^/"]*)$', '/') ELSE g::text END
  FROM unnest({acl}) AS g WHERE NOT g = ANY (acldefault('{kind}', {owner}))
  UNION ALL
  SELECT '=/' WHERE {acl} IS NOT NULL
     AND EXISTS (SELECT FROM aclexplode(acldefault('{kind}', {owner})) AS e WHERE e.grantee = 0)
     AND NOT EXISTS (SELECT FROM aclexplode({acl}) AS e WHERE e.grantee = 0)
  ORDER BY 1)"""
_GRANTS_MARK = re.compile(r"/\*grants (\S+) (\S+) (\S)\*/")
_CATALOGS = {"functions": "pg_proc", "types": "pg_type"}
_KINDS = {"r": "table", "p": "partitioned table", "f": "foreign table"}
_CONSTRAINTS = {
    "c": "check",
    "u": "unique",
    "p": "primary key",
    "f": "foreign key",
    "x": "exclusion",
    "n": "not null",
}
_IDENTITY = {"": "", "a": "always", "d": "by default"}
_GENERATED = {"": "", "s": "stored", "v": "virtual"}
_REPLICA = {"d": "default", "n": "nothing", "f": "full", "i": "index"}
_TYPES = {"e": "enum", "d": "domain", "c": "composite", "r": "range"}
_VOLATILITY = (Volatility.IMMUTABLE, Volatility.STABLE, Volatility.VOLATILE)
_LETTERS = {"i": Volatility.IMMUTABLE, "s": Volatility.STABLE, "v": Volatility.VOLATILE}
VERSION_TABLE = "alembic_version"


def read(connection: Connection, *, version_table: Name | None = None) -> Snapshot:
    """The database's schema; raises TemporaryError where the connection is lost.

    `version_table` is Alembic's; without it, the table named `alembic_version`, if there is
    exactly one. It is no part of the tables.
    """
    with translated("reading the catalog"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (path,) = connection.execute("SELECT pg_catalog.current_schemas(false)").fetchone() or (
            (),
        )
        for name, value in _CANONICAL:
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        tables = _tables(connection)
        version = _version_table(tables, version_table)
        return Snapshot(
            server_version=connection.info.server_version,
            schemas=_schemas(connection),
            extensions=_extensions(connection),
            types=tuple(_type(row) for row in _rows(connection, "types")),
            sequences=tuple(_sequence(row) for row in _rows(connection, "sequences")),
            tables=sorted_tables(table for table in tables if table.name != version),
            views=tuple(_view(row) for row in _rows(connection, "views")),
            functions=tuple(_function(row) for row in _rows(connection, "functions")),
            publications=_publications(connection),
            search_path=tuple(path),
            version_table=version,
            heads=_heads(connection, version),
        )


def _rows(connection: Connection, query: str, details: str = "") -> list[Row]:
    text = resources.files("zdm.postgres").joinpath("queries", f"{query}.sql").read_text()
    mine = _MINE.format(catalog=_CATALOGS.get(query, "pg_class"))
    text = _GRANTS_MARK.sub(lambda m: _GRANTS.format(acl=m[1], owner=m[2], kind=m[3]), text)
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(text.replace("/*mine*/", mine).replace("/*details*/", details).encode())
        return list(cursor.fetchall())


def _grouped(rows: Iterable[Row]) -> Rows:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["oid"]].append(row)
    return groups


def _tables(connection: Connection) -> tuple[Table, ...]:
    columns = _grouped(_rows(connection, "columns"))
    constraints = _grouped(_rows(connection, "constraints"))
    indexes = _grouped(_rows(connection, "indexes"))
    triggers = _grouped(_rows(connection, "triggers"))
    policies = _grouped(_rows(connection, "policies"))
    dependents = _grouped(_rows(connection, "dependents"))
    return tuple(
        Table(
            name=Name(row["schema"], row["name"]),
            kind=_KINDS[row["kind"]],
            columns=tuple(_column(item) for item in columns.get(row["oid"], [])),
            constraints=tuple(_constraint(item) for item in constraints.get(row["oid"], [])),
            indexes=tuple(_index(item) for item in indexes.get(row["oid"], [])),
            triggers=tuple(_trigger(item) for item in triggers.get(row["oid"], [])),
            policies=tuple(_policy(item) for item in policies.get(row["oid"], [])),
            dependents=tuple(_dependent(item) for item in dependents.get(row["oid"], [])),
            **_table_details(row),
        )
        for row in _rows(connection, "tables")
    )


def _table_details(row: Row) -> dict[str, Any]:
    parents = tuple(Name(*parent.split(".", 1)) for parent in row["parents"])
    security = "enabled" if row["row_security"] else ""
    return {
        "rules": tuple(row["rules"]),
        "statistics": tuple(row["statistics"]),
        "comment": row["comment"],
        "grants": tuple(row["grants"]),
        "persistence": "unlogged" if row["persistence"] == "u" else "permanent",
        "partition_key": row["partition_key"],
        "partition_of": parents[0] if row["is_partition"] else None,
        "partition_bound": row["partition_bound"],
        "inherits": () if row["is_partition"] else parents,
        "replica_identity": _REPLICA[row["replica_identity"]],
        "row_security": "forced" if row["force_row_security"] and security else security,
        "options": tuple(row["options"]),
        "publications": tuple(row["publications"]),
        "rows": row["rows"],
        "heap_bytes": row["heap_bytes"],
        "total_bytes": row["total_bytes"],
    }


def _column(row: Row) -> Column:
    volatility = row["volatility"]
    return Column(
        name=row["name"],
        type=row["type"],
        not_null=row["not_null"],
        default=row["default"],
        default_volatility=None if row["default"] is None else _VOLATILITY[volatility or 0],
        identity=_IDENTITY[row["identity"]],
        generated=_GENERATED[row["generated"]],
        collation=row["collation"],
        storage=row["storage"],
        compression=row["compression"],
        statistics=row["statistics"],
        options=tuple(row["options"]),
        comment=row["comment"],
        grants=tuple(row["grants"]),
        constrained_domain=bool(row["constrained_domain"]),
        null_fraction=row["null_fraction"],
        average_width=row["average_width"],
    )


def _constraint(row: Row) -> Constraint:
    target = row["references_name"]
    return Constraint(
        name=row["name"],
        kind=_CONSTRAINTS[row["kind"]],
        columns=tuple(row["columns"]),
        definition=row["definition"],
        validated=row["validated"],
        references=None if target is None else Name(row["references_schema"], target),
        referenced_columns=tuple(row["referenced_columns"]),
        index=row["index"],
        comment=row["comment"],
        inherited=row["inherited"],
    )


def _index(row: Row) -> Index:
    return Index(
        name=row["name"],
        definition=row["definition"],
        keys=tuple(row["keys"]),
        columns=tuple(row["columns"]),
        unique=row["unique"],
        valid=row["valid"],
        ready=row["ready"],
        predicate=row["predicate"],
        constraint=row["constraint"],
        comment=row["comment"],
        statistics=tuple(row["statistics"]),
        replica_identity=row["replica_identity"],
        clustered=row["clustered"],
        bytes=row["bytes"],
    )


def _trigger(row: Row) -> Trigger:
    return Trigger(
        name=row["name"],
        definition=row["definition"],
        function=Name(row["function_schema"], row["function_name"]),
        enabled=row["enabled"],
        columns=tuple(row["columns"]),
        inherited=row["inherited"],
        comment=row["comment"],
    )


def _policy(row: Row) -> Policy:
    return Policy(name=row["name"], definition=row["definition"], columns=tuple(row["columns"]))


def _dependent(row: Row) -> Dependent:
    return Dependent(
        column=row["column"], kind=row["kind"], name=row["name"], blocks=row["blocks"]
    )


def _view(row: Row) -> View:
    uses = (tuple(item.split("\x01")) for item in row["uses"])
    return View(
        name=Name(row["schema"], row["name"]),
        kind="view" if row["kind"] == "v" else "materialized view",
        definition=row["definition"],
        columns=tuple(row["columns"]),
        options=tuple(row["options"]),
        indexes=tuple(row["indexes"]),
        triggers=tuple(row["triggers"]),
        grants=tuple(row["grants"]),
        comment=row["comment"],
        uses=tuple((Name(schema, name), column) for schema, name, column in uses),
    )


def _sequence(row: Row) -> Sequence:
    owner = row["owner_table"]
    return Sequence(
        name=Name(row["schema"], row["name"]),
        type=row["type"],
        start=row["start"],
        increment=row["increment"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        cache=row["cache"],
        cycle=row["cycle"],
        owner_table=None if owner is None else Name(row["owner_schema"], owner),
        owner_column=row["owner_column"],
        identity=bool(row["identity"]),
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def _function(row: Row) -> Function:
    return Function(
        name=Name(row["schema"], row["name"]),
        arguments=row["arguments"],
        definition=row["definition"],
        language=row["language"],
        volatility=_LETTERS[row["volatility"]],
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def _type(row: Row) -> Type:
    return Type(
        name=Name(row["schema"], row["name"]),
        kind=_TYPES[row["kind"]],
        definition=row["definition"],
        labels=tuple(row["labels"]),
        constrained=row["kind"] == "d" and row["constrained"],
        comment=row["comment"],
    )


def _schemas(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_'"
        " AND nspname NOT IN ('information_schema', 'zdm') ORDER BY nspname"
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
    rows = _rows(connection, "publications", details=_PUBLISHED if newer else "")
    return tuple(
        Publication(
            name=row["name"], definition=row["definition"], all_tables=row["all_tables"]
        )
        for row in rows
    )


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
