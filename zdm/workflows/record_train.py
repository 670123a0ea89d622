"""Pending revisions as a Train, and the schema that they start from.

The schema is the one given (a snapshot file, or the live database's), rebuilt on the shadow; or
the one that a baseline and the history below make. Either is kept as a template database under
the hash of what made it. The process that runs the revisions starts first, because importing
Alembic takes longer than starting the shadow.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Train
from zdm.parse import split
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.catalog import read as catalog
from zdm.postgres.catalog import rebuild
from zdm.postgres.replay import absent
from zdm.postgres.server import extensions, places, shadow
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.server.shadow import Opening
from zdm.postgres.session import connection
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child, recorded
from zdm.revisions.graph import History
from zdm.revisions.record import Below, RecordRequest
from zdm.serialize import input_file, snapshot_file
from zdm.workflows import record_rows

BEGINNING = "base"  # as Alembic calls what is before the first revision
_BASELINE = "set `baseline` under [alembic] in zdm.toml"
EVERYTHING = frozenset({"head", "heads"})


def run(
    settings: Settings,
    targets: tuple[str, ...],
    snapshot: Snapshot | None,
    opening: Opening = shadow.open,
    begun: Child | None = None,
) -> tuple[Train, Snapshot]:
    """Record what is pending of the targets (or of everything); `begun` is the process that
    runs them, if it runs already."""
    wanted = Wanted(
        major=settings.server_version or (snapshot.major if snapshot else None),
        url=settings.shadow_url,
    )
    if begun is None:
        begun = Child(recorded(settings, os.environ, sockets=places.has_sockets()))
    with begun as child, opening(wanted) as server:
        child.sockets = server.sockets if child.project.prefix else None
        history = graph.history(child)
        if snapshot is not None and snapshot.version_table is None:
            snapshot = _with_version(settings, child, server, snapshot)
        heads = _heads(settings, snapshot)
        ends = () if EVERYTHING.intersection(targets) else targets
        if not history.pending(heads, ends):
            raise InputError(
                f"nothing is pending above {' and '.join(heads) or 'the start'}, so there is"
                " nothing to plan",
                hint="create a revision with `zdm new MESSAGE`",
            )
        start = _start_of(settings, server, history, heads, snapshot)
        with _start(child, server, start) as dsn:
            request = RecordRequest(
                dsn=dsn,
                log_directory=server.log_directory,
                history=history,
                heads=heads,
                targets=ends,
                stamped=snapshot is None,
            )
            with _explained(start, dsn):
                at, schema = _prepared(child, request, start)
                train = record.recorded(child, request, at)
        depends = record_rows.Recorded(child=child, server=server, request=request, train=train)
        return depends.checked(start.key, schema, snapshot), schema


def _prepared(
    child: Child, request: RecordRequest, start: "_Start"
) -> tuple[tuple[str, ...], Snapshot]:
    """The heads of the shadow, which the child opens while its schema is read."""
    if start.snapshot is not None:
        return record.prepare(child, request), start.snapshot
    with ThreadPoolExecutor(1) as pool:
        schema = pool.submit(read, request.dsn)
        return record.prepare(child, request), start.without_coming(schema.result())


def read(dsn: str, version_table: Name | None = None) -> Snapshot:
    """The schema of a database."""
    with connection.connect(dsn, name="catalog") as conn:
        return catalog.read(conn, version_table=version_table)


def _heads(settings: Settings, snapshot: Snapshot | None) -> tuple[str, ...]:
    """The database's revisions: from its version table, or else `base`."""
    if snapshot is not None and snapshot.version_table is not None:
        return snapshot.heads
    if settings.alembic is not None and settings.alembic.base:
        return tuple(id for id in settings.alembic.base if id != BEGINNING)
    unknown = "which revisions are pending is not known"
    if snapshot is not None:
        raise InputError(
            f"{unknown}: the database has no version table, and no `base` is given",
            hint="run `alembic stamp REVISION` with the last revision that it has; or set"
            f' `base = ["REVISION"]` under [alembic] in zdm.toml, `base = ["{BEGINNING}"]` if'
            " it has none",
        )
    raise InputError(
        f"{unknown}: no database with a version table, no snapshot of one and no `base` is"
        " given",
        hint="give --database or --snapshot, or set `base` under [alembic] in zdm.toml",
    )


def _with_version(
    settings: Settings, child: Child, server: Server, snapshot: Snapshot
) -> Snapshot:
    """The schema with Alembic's version where env.py keeps it under a name of its own."""
    with shadow.database(server) as dsn:
        with connection.connect(dsn, name="record") as conn:
            for schema in snapshot.schemas:
                conn.execute(f"CREATE SCHEMA IF NOT EXISTS {ident(schema)}".encode())
        name = record.version_table(child, dsn)
    if snapshot.table(name) is None:
        return snapshot
    if settings.database is not None:
        return read(settings.database, name)
    tables = tuple(table for table in snapshot.tables if table.name != name)
    return replace(snapshot, tables=tables)


class _Start(Struct, frozen=True):
    history: History
    heads: tuple[str, ...]
    snapshot: Snapshot | None
    settings: Settings
    more: tuple[NewExtension, ...] = ()  # that revisions create, and only a superuser may
    coming: frozenset[str] = frozenset()  # those of them that only pending revisions create

    @property
    def below(self) -> Below:
        """What makes the schema, where it is not given."""
        alembic = self.settings.alembic
        file = alembic.baseline if alembic else None
        return Below(
            history=self.history,
            heads=self.heads,
            sql=None if file is None else _baseline(file),
            command=alembic.baseline_command if alembic else (),
        )

    @property
    def key(self) -> str:
        """The hash of what makes the schema."""
        if self.snapshot is not None:
            return f"schema {snapshot_file.fingerprint(self.snapshot)}{self._names}"
        below = self.below
        baseline = repr((below.sql, below.command)).encode()
        return f"history {self.history.key(self.heads, baseline)}{self._names}"

    @property
    def _names(self) -> str:
        return "".join(f" {one}" for one in self.more)

    def without_coming(self, schema: Snapshot) -> Snapshot:
        """The schema without the extensions that are only there beforehand."""
        kept = tuple(one for one in schema.extensions if one.name not in self.coming)
        return replace(schema, extensions=kept)


def _start_of(
    settings: Settings,
    server: Server,
    history: History,
    heads: tuple[str, ...],
    snapshot: Snapshot | None,
) -> _Start:
    start = _Start(history, heads, snapshot, settings)
    done = history.below(heads) if snapshot is None else frozenset()
    coming, below = (
        extensions.named(
            server,
            snapshot,
            (
                input_file.read_text(r.path)
                for r in history.revisions
                if (r.id in done) == there
            ),
            settings.shadow_extensions,
        )
        for there in (False, True)
    )
    return replace(
        start,
        more=tuple(dict.fromkeys((*coming, *below))),
        coming=frozenset(one.name for one in coming) - {one.name for one in below},
    )


@contextmanager
def _explained(start: _Start, dsn: str) -> Iterator[None]:
    """What a revision's failure may come from on a shadow, and on no other server."""
    try:
        yield
    except InputError as error:
        found = extensions.explained(error, start.more)
        if found is not error:
            raise found from error
        lacking = _lacking(start, dsn)
        if lacking:
            raise InputError(
                f"{error.message}; the throwaway server does not have: {lacking}",
                hint=error.hint,
            ) from error
        raise


def _lacking(start: _Start, dsn: str) -> str:
    if start.snapshot is None:
        return ""
    with connection.connect(dsn, name="catalog") as conn:
        left_out = rebuild.found(conn, start.snapshot).left_out
    return absent.enumerated(left_out)


@contextmanager
def _start(child: Child, server: Server, start: _Start) -> Iterator[str]:
    """A database with the schema below what is pending; made once, then copied."""
    if not shadow.has_template(server, start.key):
        with shadow.database(server) as dsn:
            admin = shadow.administration(server, dsn)
            if start.snapshot is not None:
                rebuild.rebuild(dsn, start.snapshot, admin, start.more)
            else:
                _baseline_made(child, dsn, start, admin)
            shadow.save_template(server, dsn, start.key)
    with shadow.database(server, start.key, logged=True, start=start.snapshot) as dsn:
        yield dsn


def _baseline_made(child: Child, dsn: str, start: _Start, admin: str) -> None:
    if start.more:
        with connection.connect(admin, name="rebuild") as conn:
            empty = Snapshot(server_version=conn.info.server_version)
        rebuild.rebuild(dsn, empty, admin, start.more)
    with _explained(start, dsn):
        record.apply_below(child, dsn, start.below)


def _baseline(file: Path) -> str:
    data = input_file.read(file, what="the baseline ", hint=_BASELINE)
    split.statements(data, file.name)  # raises with the place of what is no SQL
    return data.decode().removeprefix("\ufeff")
