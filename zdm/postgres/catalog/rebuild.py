"""A Snapshot's schema, made again in an empty database, and proved to be the same.

Objects may refer to each other in any direction (a default calls a function that takes a row
of another table), so what fails for a missing object is tried again after the others, until
nothing changes. At the end the catalog is read back: any other fingerprint is refused.
"""

from collections.abc import Iterable, Iterator, Sequence

import psycopg
from psycopg import errors

from zdm.errors import RefusedError
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.postgres.catalog import ddl, read
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.serialize import snapshot_file

_MISSING = (
    errors.UndefinedTable,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.UndefinedColumn,
    errors.WrongObjectType,
)
_KEYS = frozenset({"primary key", "unique", "exclusion"})
_SHOWN = 8
# Roles that give their members no more than grants on objects of one database.
_HARMLESS = (
    "SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY (%s)"
    " AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication"
    " OR r.rolbypassrls OR r.rolcanlogin) AND r.rolname !~ '^pg_' AND NOT EXISTS ("
    "SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.member = r.oid)"
)
_OWNER = (
    "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()"
)


def rebuild(dsn: str, snapshot: Snapshot, admin: str | None = None) -> None:
    """Make the schema in an empty database; RefusedError where that is not possible.

    `admin` is the database's URL for a superuser, who makes roles, schemas and extensions, for
    the author's role may not; after that nothing is run under it.
    """
    _refuse_invalid(snapshot)
    with connection.translated("rebuilding the schema on a throwaway server"):
        with connection.connect(admin or dsn, name="rebuild", autocommit=True) as conn:
            _roles(conn, snapshot)
            _foundations(conn, snapshot)
        with connection.connect(dsn, name="rebuild", autocommit=True) as conn:
            with conn.transaction():
                _make(conn, snapshot)
            made = read.read(conn, version_table=snapshot.version_table)
    if snapshot_file.fingerprint(made) != snapshot_file.fingerprint(snapshot):
        shown = snapshot_file.difference(snapshot, made)
        more = f" (and {len(shown) - _SHOWN} more)" if len(shown) > _SHOWN else ""
        raise RefusedError(
            f"the schema cannot be made again as it is: {'; '.join(shown[:_SHOWN])}{more}",
            hint="name a server of the target's own version and extensions in `shadow_url`;"
            " a snapshot file of another version must be written again",
        )


def _refuse_invalid(snapshot: Snapshot) -> None:
    for table in snapshot.tables:
        for index in table.indexes:
            if not index.valid and table.kind == "table":
                raise RefusedError(
                    f"the index {index.name} of {table.name} is INVALID, which an aborted"
                    " CREATE INDEX CONCURRENTLY leaves, so no other server can have it",
                    hint=f"DROP INDEX CONCURRENTLY {Name(table.name.schema, index.name).sql};"
                    " and, if it is needed, build it again",
                )


def _roles(conn: Connection, snapshot: Snapshot) -> None:
    """Roles belong to the whole server, and a second rebuild finds them."""
    for role in ddl.roles(snapshot):
        try:
            conn.execute(f"CREATE ROLE {ident(role)}".encode())
        except (errors.DuplicateObject, errors.UniqueViolation):
            continue
    (owner,) = conn.execute(_OWNER).fetchone() or ("",)
    for (role,) in conn.execute(_HARMLESS, [list(ddl.roles(snapshot))]).fetchall():
        if owner != conn.info.user:  # it grants in the names of others, too
            conn.execute(f"GRANT {ident(role)} TO {ident(owner)}".encode())


def _foundations(conn: Connection, snapshot: Snapshot) -> None:
    """Schemas, of the role that owns the database, and the extensions in them."""
    (found,) = conn.execute(_OWNER).fetchone() or ("",)
    owner = ident(found)
    with conn.transaction():
        conn.execute("SET LOCAL client_min_messages = error")
        if "public" not in snapshot.schemas:
            conn.execute("DROP SCHEMA public")
        for schema in snapshot.schemas:
            if schema != "public":
                conn.execute(f"CREATE SCHEMA {ident(schema)} AUTHORIZATION {owner}".encode())
        for extension in snapshot.extensions:
            _extension(conn, extension.name, extension.schema)


def _make(conn: Connection, snapshot: Snapshot) -> None:
    conn.execute("SET LOCAL search_path = ''")
    conn.execute("SET LOCAL check_function_bodies = off")
    conn.execute("SET LOCAL client_min_messages = error")
    functions = [f.definition for f in snapshot.functions]
    left = _settle(
        conn,
        [
            *(t.definition for t in snapshot.types),
            *(ddl.sequence(s) for s in snapshot.sequences if not s.identity),
            *functions,
            *(ddl.table(t, snapshot) for t in snapshot.tables),
        ],
        functions,
    )
    _run(conn, _structure(snapshot))
    _name_partition_indexes(conn, snapshot)
    _run(conn, _foreign_keys(snapshot))
    _settle(conn, [*left, *(ddl.view(v) for v in snapshot.views)], ())
    _run(conn, _details(snapshot))
    _refresh(conn, snapshot)


def _extension(conn: Connection, name: str, schema: str) -> None:
    try:
        conn.execute(f"CREATE EXTENSION {ident(name)} SCHEMA {ident(schema)}".encode())
    except (errors.FeatureNotSupported, errors.UndefinedFile) as error:
        raise RefusedError(
            f"the extension {name} is not installed beside the throwaway server's programs,"
            " so the schema cannot be made there",
            hint="name a server that has it in `shadow_url` of zdm.toml, or its programs in"
            " ZDM_POSTGRES_BIN",
        ) from error


def _structure(snapshot: Snapshot) -> Iterator[str]:
    """Checks, then partitions, then keys and indexes, which then reach every partition."""
    for table in snapshot.tables:
        yield from ddl.constraints(table, frozenset({"check"}))
        yield from (
            ddl.add_constraint(table, c)
            for c in table.constraints
            if c.kind == "not null" and not c.validated
        )
    for table in snapshot.tables:
        if table.partition_of is not None:
            yield (
                f"ALTER TABLE {table.partition_of.sql} ATTACH PARTITION {table.name.sql}"
                f" {table.partition_bound}"
            )
    for table in sorted(snapshot.tables, key=lambda t: _depth(t, snapshot)):
        cascaded = _cascaded(table, snapshot)
        yield from ddl.constraints(table, _KEYS)
        own = {c.name for c in table.constraints}
        yield from (
            index.definition.replace(" ON ONLY ", " ON ", 1)
            for index in table.indexes
            if index.constraint not in own and index.name not in cascaded
        )


def _depth(table: Table, snapshot: Snapshot) -> int:
    parent = snapshot.table(table.partition_of) if table.partition_of else None
    return 0 if parent is None else 1 + _depth(parent, snapshot)


def _shape(definition: str) -> str:
    """An index's definition without its name and table."""
    unique = definition.startswith("CREATE UNIQUE")
    return f"{unique} {definition.partition(' USING ')[2]}"


def _cascaded(table: Table, snapshot: Snapshot) -> frozenset[str]:
    """Indexes of a partition that those of its parent bring with them."""
    parent = snapshot.table(table.partition_of) if table.partition_of else None
    if parent is None:
        return frozenset()
    shapes = [_shape(index.definition) for index in parent.indexes]
    found = set()
    own = {c.name for c in table.constraints}
    for index in sorted(table.indexes, key=lambda i: i.constraint is None):
        if _shape(index.definition) in shapes and index.constraint not in own:
            shapes.remove(_shape(index.definition))
            found.add(index.name)
    return frozenset(found)


def _name_partition_indexes(conn: Connection, snapshot: Snapshot) -> None:
    """Give the indexes that came with the parent's their own names."""
    for table in snapshot.tables:
        wanted = _cascaded(table, snapshot)
        if not wanted:
            continue
        rows = conn.execute(
            "SELECT i.relname, pg_catalog.pg_get_indexdef(i.oid),"
            " EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.oid"
            " AND k.conrelid = x.indrelid)"
            " FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i"
            " ON i.oid = x.indexrelid WHERE x.indrelid = %s::regclass",
            [table.name.sql],
        ).fetchall()
        present = {name for name, _, _ in rows}
        for index in table.indexes:
            if index.name not in wanted or index.name in present:
                continue
            for name, definition, keyed in rows:
                same = _shape(definition) == _shape(index.definition)
                if same and keyed == (index.constraint is not None) and name in present:
                    old = Name(table.name.schema, name).sql
                    conn.execute(f"ALTER INDEX {old} RENAME TO {ident(index.name)}".encode())
                    present.discard(name)
                    break


def _foreign_keys(snapshot: Snapshot) -> Iterator[str]:
    for table in snapshot.tables:
        yield from ddl.constraints(table, frozenset({"foreign key"}))


def _details(snapshot: Snapshot) -> Iterator[str]:
    for table in snapshot.tables:
        yield from ddl.table_details(table)
    for view in snapshot.views:
        yield from ddl.view_details(view)
    for sequence in snapshot.sequences:
        yield from ddl.sequence_details(sequence)
    for function in snapshot.functions:
        yield from ddl.function_details(function)
    for one in snapshot.types:
        word = "DOMAIN" if one.kind == "domain" else "TYPE"
        yield from ddl.comment(f"{word} {one.name.sql}", one.comment)
    yield from (publication.definition for publication in snapshot.publications)


def _refresh(conn: Connection, snapshot: Snapshot) -> None:
    """Fill materialized views, so that they can be read; on empty tables this can fail only
    for what a query computes without rows."""
    for view in snapshot.views:
        if view.kind == "materialized view":
            try:
                with conn.transaction():
                    conn.execute(f"REFRESH MATERIALIZED VIEW {view.name.sql}".encode())
            except psycopg.Error:
                continue


def _run(conn: Connection, statements: Iterable[str]) -> None:
    for sql in statements:
        conn.execute(sql.encode())


def _settle(conn: Connection, statements: Sequence[str], may_wait: Sequence[str]) -> list[str]:
    """Run statements whose order is not known; gives those that still lack something, if all
    of them may wait, else raises what the first of the others lacks."""
    left = list(statements)
    while left:
        failed: list[tuple[str, psycopg.Error]] = []
        for sql in left:
            try:
                with conn.transaction():
                    conn.execute(sql.encode())
            except _MISSING as error:
                failed.append((sql, error))
        if len(failed) == len(left):
            for sql, reason in failed:
                if sql not in may_wait:
                    raise reason
            break
        left = [sql for sql, _ in failed]
    return left
