"""A Snapshot's schema, made again in an empty database, and compared with what was wanted.

What a superuser must make comes first, by names; definitions are run as the author's role.
What fails is left out by name, with what depends on it. At the end the catalog is read back:
what differs is left out as well. PostgreSQL prints some definitions in other words after it has
read them once (`varchar IN (…)`); then the schema is made once more, from those, which must
stay.
"""

import json
from collections.abc import Iterable, Iterator

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import RefusedError
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.catalog import foundations, grants, left_out, pieces, read
from zdm.postgres.catalog.left_out import LeftOut
from zdm.postgres.catalog.pieces import Piece
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection, first_line
from zdm.serialize import codec, snapshot_file

_SHOWN = 8
_INDEXES = (
    "SELECT i.relname, pg_catalog.pg_get_indexdef(i.oid),"
    " EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.oid"
    " AND k.conrelid = x.indrelid)"
    " FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i"
    " ON i.oid = x.indexrelid WHERE x.indrelid = pg_catalog.to_regclass(%s)"
)
# Made by the author's role together with the schema, before anything of a migration's; the
# schema `zdm` is no part of a Snapshot.
_NOTES = "CREATE SCHEMA zdm; CREATE TABLE zdm.left_out (number int, object jsonb)"
_HAS_NOTES = "SELECT pg_catalog.to_regclass('zdm.left_out') IS NOT NULL"


class Rebuilt(Struct, frozen=True, kw_only=True):
    """A schema as it was made on a throwaway server, and what it lacks."""

    snapshot: Snapshot
    left_out: tuple[LeftOut, ...] = ()


class _Made(Struct, frozen=True, kw_only=True):
    snapshot: Snapshot
    missing: tuple[LeftOut, ...]
    comparison: left_out.Comparison


def rebuild(
    dsn: str,
    snapshot: Snapshot,
    admin: str | None = None,
    more: tuple[NewExtension, ...] = (),
) -> None:
    """Make the schema in an empty database; RefusedError where that is not possible.

    `admin` is the database's URL for a superuser, who makes roles, schemas and extensions, for
    the author's role may not; after that nothing is run under it. `more` are extensions that
    the schema does not have yet.
    """
    _refuse_invalid(snapshot)
    with connection.translated("rebuilding the schema on a throwaway server"):
        with connection.connect(admin or dsn, name="rebuild", autocommit=True) as conn:
            foundations.roles(conn, snapshot)
            missing = foundations.lay(conn, snapshot, more)
            wanted = grants.fitted(snapshot, foundations.grantors(conn, snapshot))
            wanted = foundations.without_wrappers(wanted)
        missing = (*left_out.never_made(snapshot), *missing)
        with connection.connect(dsn, name="rebuild", autocommit=True) as conn:
            with conn.transaction() as whole:
                made = _make(conn, wanted, missing)
                if made.comparison.reworded:
                    raise psycopg.Rollback(whole)
                _note(conn, snapshot, made)
            if made.comparison.reworded:
                with conn.transaction():
                    _note(conn, snapshot, _again(conn, made))


def found(conn: Connection, snapshot: Snapshot) -> Rebuilt:
    """What was made of a Snapshot in this database, or in that of which it is a copy."""
    with connection.translated("reading what a throwaway database lacks"):
        (noted,) = conn.execute(_HAS_NOTES).fetchone() or (False,)
        if not noted:
            return Rebuilt(snapshot=snapshot)
        rows = conn.execute("SELECT object::text FROM zdm.left_out ORDER BY number").fetchall()
    made = read.read(conn, version_table=snapshot.version_table)
    return Rebuilt(
        snapshot=replace(  # what belongs to the server or to sessions, not to the schema
            made,
            settings=snapshot.settings,
            role_settings=snapshot.role_settings,
            memberships=snapshot.memberships,
            search_path=snapshot.search_path,
            version_table=snapshot.version_table,
            heads=snapshot.heads,
            unshown=snapshot.unshown,
        ),
        left_out=tuple(codec.from_plain(LeftOut, json.loads(text), {}) for (text,) in rows),
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


def _make(conn: Connection, snapshot: Snapshot, missing: tuple[LeftOut, ...]) -> _Made:
    """Make everything in the transaction, and read it back."""
    conn.execute("SET LOCAL search_path = ''")
    conn.execute("SET LOCAL check_function_bodies = off")
    conn.execute("SET LOCAL client_min_messages = error")
    waiting: list[_Failure] = []
    for stage in _STAGES:
        waiting = _settle(conn, [*(one.piece for one in waiting), *stage(snapshot)])
        if stage is pieces.structure:
            _name_partition_indexes(conn, snapshot)
    _refresh(conn, snapshot)
    missing = (*missing, *_roots(waiting))
    made = read.contents(conn, version_table=snapshot.version_table)
    compared = left_out.compare(snapshot, made, missing)
    if compared.surplus:
        raise RefusedError(
            "the throwaway database is not empty, so the schema cannot be made there:"
            f" {', '.join(compared.surplus[:_SHOWN])}",
            hint="name a server in `shadow_url` whose template0 is empty",
        )
    return _Made(snapshot=made, missing=missing, comparison=compared)


_STAGES = (
    pieces.objects,
    pieces.structure,
    pieces.foreign_keys,
    pieces.views,
    pieces.details,
    pieces.publications,
)


def _again(conn: Connection, first: _Made) -> _Made:
    """Make it from the second form, of which nothing may be printed in a third."""
    second = _make(conn, first.snapshot, first.missing)
    found = (
        first.comparison.different,
        second.comparison.different,
        second.comparison.reworded,
    )
    different = tuple(one for part in found for one in part)
    return replace(second, comparison=replace(second.comparison, different=different))


def _note(conn: Connection, snapshot: Snapshot, made: _Made) -> None:
    """Write down what the database lacks, for copies of it; nothing where it is the same."""
    known = {one.relation for one in made.missing if one.relation}
    names = {(one.kind, one.name) for one in made.missing}
    lacking = (
        *made.missing,
        *(
            one
            for one in made.comparison.different
            if one.relation not in known and (one.kind, one.name) not in names
        ),
    )
    same = snapshot_file.fingerprint(made.snapshot) == snapshot_file.fingerprint(snapshot)
    if same and not lacking:
        return
    conn.execute(_NOTES)
    for number, one in enumerate(dict.fromkeys(lacking)):
        text = json.dumps(codec.to_plain(one, {}))
        conn.execute("INSERT INTO zdm.left_out VALUES (%s, %s)", [number, text])


class _Failure(Struct, frozen=True):
    piece: Piece
    reason: str


def _settle(conn: Connection, wanted: Iterable[Piece]) -> list[_Failure]:
    """Run statements whose order is not known, again as long as one more succeeds; those that
    still fail."""
    left = list(wanted)
    while left:
        failed = list(_failures(conn, left))
        if len(failed) == len(left):
            return failed
        left = [one.piece for one in failed]
    return []


def _failures(conn: Connection, wanted: Iterable[Piece]) -> Iterator[_Failure]:
    """Each statement behind a savepoint, in one message to the server."""
    for piece in wanted:
        text = f"SAVEPOINT piece;\n{piece.sql}\n;RELEASE SAVEPOINT piece"
        try:
            conn.execute(text.encode())
        except psycopg.Error as error:
            if conn.broken:
                raise
            conn.execute("ROLLBACK TO SAVEPOINT piece; RELEASE SAVEPOINT piece")
            yield _Failure(piece, first_line(error))


def _roots(failed: list[_Failure]) -> Iterator[LeftOut]:
    """What failed, without the parts of what is not there at all."""
    gone = {one.piece.relation for one in failed if one.piece.whole and one.piece.relation}
    for one in failed:
        piece = one.piece
        if piece.whole or piece.relation not in gone:
            yield LeftOut(
                kind=piece.kind, name=piece.name, reason=one.reason, relation=piece.relation
            )


def _name_partition_indexes(conn: Connection, snapshot: Snapshot) -> None:
    """Give the indexes that came with the parent's their own names."""
    for table in snapshot.tables:
        wanted = pieces.cascaded_indexes(table, snapshot)
        if not wanted:
            continue
        rows = conn.execute(_INDEXES, [table.name.sql]).fetchall()
        present = {name for name, _, _ in rows}
        for index in table.indexes:
            if index.name not in wanted or index.name in present:
                continue
            for name, definition, keyed in rows:
                same = pieces.shape(definition) == pieces.shape(index.definition)
                if same and keyed == (index.constraint is not None) and name in present:
                    old = Name(table.name.schema, name).sql
                    conn.execute(f"ALTER INDEX {old} RENAME TO {ident(index.name)}".encode())
                    present.discard(name)
                    break


def _refresh(conn: Connection, snapshot: Snapshot) -> None:
    """Fill materialized views, so that they can be read; on empty tables this can fail only
    for what a query computes without rows. Policies may bind their owner."""
    for view in snapshot.views:
        if view.kind == "materialized view":
            try:
                with conn.transaction():
                    conn.execute(b"SET LOCAL row_security = on")
                    conn.execute(f"REFRESH MATERIALIZED VIEW {view.name.sql}".encode())
            except psycopg.Error:
                continue
