"""Small Alembic projects, written into a folder and recorded on a shadow."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from textwrap import dedent, indent

from msgspec import structs

from tests import scratch
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.postgres.catalog import read
from zdm.postgres.server import author
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.revisions import graph, record
from zdm.revisions.child_process import Child, Project
from zdm.revisions.graph import History
from zdm.revisions.record import Below, RecordRequest

INI = "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n"
SYNC = """
    from alembic import context
    from sqlalchemy import create_engine, pool, text

    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        {before}
        context.configure(connection=connection{options})
        with context.begin_transaction():
            context.run_migrations()
"""
ASYNC = """
    import asyncio

    from alembic import context
    from sqlalchemy import pool
    from sqlalchemy.ext.asyncio import create_async_engine

    def migrate(connection):
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()

    async def main():
        engine = create_async_engine(
            context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool
        )
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()

    asyncio.run(main())
"""


def sync_env(before: str = "pass", options: str = "") -> str:
    """An env.py as the template writes it, with more before and in configure()."""
    return dedent(SYNC).format(before=before, options=options)


def revision(
    id: str, body: str, *, down: str | Sequence[str] | None = None, more: str = ""
) -> str:
    """A revision's file with this body of upgrade(), which begins in line 10."""
    parent = down if down is None or isinstance(down, str) else tuple(down)
    head = f"""\
import sqlalchemy as sa
from alembic import context, op

revision = {id!r}
down_revision = {parent!r}
{more}


def upgrade():
"""
    return head + indent(dedent(body).strip("\n"), "    ") + "\n"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A project in a folder of its own."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """It, as zdm is told of it."""
        return Project(
            ini=self.folder / "alembic.ini",
            root=self.folder,
            environ={"PATH": "/usr/bin:/bin", **self.environ},
            python=sys.executable,
        )

    def write(self, name: str, text: str) -> Path:
        """Write one file of it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def revise(self, id: str, body: str, *, down: str | None = None, more: str = "") -> Path:
        """Write one revision."""
        text = revision(id, body, down=down, more=more)
        return self.write(f"migrations/versions/{id}.py", text)


def sample(
    folder: Path,
    *,
    url: str = "postgresql+psycopg://nobody@nowhere.invalid/none",
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Sample:
    """An empty project."""
    made = Sample(folder=folder, environ=environ or {})
    made.write("alembic.ini", INI.format(url=url))
    made.write("migrations/env.py", env or sync_env())
    made.write("migrations/script.py.mako", "")
    (folder / "migrations/versions").mkdir()
    return made


@dataclass(kw_only=True)
class Databases:
    """Makes databases on one server, and reads them."""

    server: Server
    count: int = 0
    made: list[str] = field(default_factory=list)

    def create(self, prefix: str = "shadow") -> str:
        """A new database's DSN."""
        self.count += 1
        name = f"{prefix}_{self.count}"
        with connection.connect(self.server.dsn, name="tests") as conn:
            conn.execute(f'CREATE DATABASE "{name}"')
            author.log_everything(conn, name)
        self.made.append(name)
        return self.server.dsn.rpartition("/")[0] + "/" + name

    def drop(self) -> None:
        """Drop all that were made."""
        with connection.connect(self.server.dsn, name="tests") as conn:
            for name in self.made:
                scratch.drop(conn, name)
        self.made.clear()

    def run(self, dsn: str, sql: str) -> list[tuple[object, ...]]:
        """Run SQL in a database; its rows."""
        with connection.connect(dsn, name="tests") as conn:
            cursor = conn.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def snapshot(self, dsn: str) -> Snapshot:
        """A database's schema."""
        with connection.connect(dsn, name="tests") as conn:
            return read.read(conn)


@dataclass(frozen=True, kw_only=True)
class How:
    """How to record; the shadow stands at the heads, or holds what `before` makes."""

    heads: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    before: str = ""
    seconds: float = 60
    log: bool = True


@contextmanager
def opened(made: Sample, seconds: float = 60) -> Iterator[tuple[Child, History]]:
    """A child process on the project, and its history."""
    project = structs.replace(made.project, time_limit=timedelta(seconds=seconds))
    with Child(project) as child:
        yield child, graph.history(child)


def recorded(made: Sample, databases: Databases, how: How | None = None) -> Train:
    """Record the project on a new shadow."""
    how = how or How()
    dsn = databases.create()
    if how.before:
        databases.run(dsn, how.before)
    with opened(made, how.seconds) as (child, history):
        if how.heads and not how.before:
            record.apply_below(child, dsn, Below(history=history, heads=how.heads))
        return record.record(
            child,
            RecordRequest(
                dsn=dsn,
                log_directory=databases.server.log_directory if how.log else None,
                history=history,
                heads=how.heads,
                targets=how.targets,
            ),
        )


def texts(train: Train) -> list[str]:
    """The statements' texts."""
    return [statement.sql for statement in train.statements]


def places(train: Train) -> list[tuple[str, int, int]]:
    """Where the statements stand."""
    return [(s.source.file, s.source.line, s.source.column) for s in train.statements]
