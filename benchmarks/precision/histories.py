"""Each revision of other people's Alembic histories, as recorded, above all earlier ones."""

import os
import tempfile
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from benchmarks.precision.corpora import Case
from tests.histories.installed import PACKAGES, Package
from tests.revisions.projects import Databases
from zdm.model.schema import Snapshot
from zdm.model.statement import Statement
from zdm.postgres.catalog import pieces
from zdm.postgres.catalog.pieces import Piece
from zdm.postgres.server.provider import Server
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child, Project
from zdm.revisions.record import Below, RecordRequest


def histories(server: Server) -> Iterator[Case]:
    """The Cases; a baseline that the package makes itself is released before the first."""
    for package in PACKAGES:
        package.install()
        yield from _history(server, package)


def _history(server: Server, package: Package) -> Iterator[Case]:
    databases = Databases(server=server)
    with tempfile.TemporaryDirectory() as folder:
        project = Project(
            ini=package.ini(Path(folder)),
            root=package.site,
            environ=os.environ,
            python=package.python,
        )
        shadow = databases.create(package.name.replace("-", "_"))
        with Child(project) as child:
            history = graph.history(child)
            record.apply_below(
                child, shadow, Below(history=history, heads=(), command=package.command)
            )
            start = databases.snapshot(shadow)
            before = "".join(f"{piece.sql.rstrip(';')};\n" for piece in _pieces(start))
            wanted = RecordRequest(
                dsn=shadow, log_directory=server.log_directory, history=history
            )
            train = record.record(child, wanted)
    for revision, group in groupby(train.statements, key=lambda s: s.source.revision):
        sql = "".join(_lines(list(group)))
        yield Case(corpus=package.name, name=str(revision), sql=sql, before=before)
        before += sql


def _pieces(start: Snapshot) -> Iterator[Piece]:
    """The baseline as SQL."""
    made = (pieces.objects, pieces.structure, pieces.foreign_keys, pieces.views, pieces.details)
    return chain.from_iterable(make(start) for make in made)


def _lines(statements: list[Statement]) -> Iterator[str]:
    """The revision's SQL, in the transactions in which Alembic sends it."""
    for number, group in groupby(statements, key=lambda s: s.transaction):
        texts = "".join(f"{statement.sql.rstrip().rstrip(';')};\n" for statement in group)
        yield texts if number is None else f"BEGIN;\n{texts}COMMIT;\n"
