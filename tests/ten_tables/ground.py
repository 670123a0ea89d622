"""The server with its roles, databases of theirs, and the project's files."""

import contextlib
import io
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from alembic import command
from alembic.config import Config

from tests import scratch
from zdm.cli import main
from zdm.parse import split
from zdm.postgres.server.provider import Server

OWNER, APP = "velo_owner", "velo_app"  # neither is a superuser
PROJECT = Path(__file__).parent / "project"
_ROLES = f"""
CREATE ROLE {OWNER} LOGIN PASSWORD 'x';
CREATE ROLE {APP} LOGIN PASSWORD 'x';
GRANT pg_monitor TO {OWNER};
ALTER ROLE {OWNER} SET search_path = velo;
ALTER ROLE {APP} SET search_path = "$user", velo;
ALTER ROLE {APP} SET timezone = 'Asia/Kathmandu';
"""
_ROWS = """
SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'r'
AND c.relnamespace = 'velo'::regnamespace AND c.relname <> 'alembic_version' ORDER BY 1
"""
_COLUMNS = """
SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = ('velo.' || %s)::regclass
AND attnum > 0 AND NOT attisdropped AND attname <> 'updated_at' ORDER BY attname
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A server and the folder of the project."""

    server: Server
    folder: Path

    def prepare(self) -> None:
        """Roles, once for each server, and the files that every release has."""
        with psycopg.connect(self.server.dsn, autocommit=True) as conn:
            conn.execute(_ROLES)
        (self.folder / ".git").mkdir(parents=True)
        (self.folder / "migrations/versions").mkdir(parents=True)
        (self.folder / "sql").mkdir()
        shutil.copy(PROJECT / "alembic.ini", self.folder)
        shutil.copy(PROJECT / "migrations/env.py", self.folder / "migrations")

    def url(self, name: str, role: str = "") -> str:
        """A database's URL, as a role or as the superuser."""
        parts = urlsplit(self.server.dsn)
        netloc = f"{role}:x@{parts.netloc.rpartition('@')[2]}" if role else parts.netloc
        return parts._replace(netloc=netloc, path=f"/{name}").geturl()

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The name of a database, which is dropped after the block."""
        name = f"velo_{uuid4().hex[:12]}"
        with psycopg.connect(self.server.dsn, autocommit=True) as conn:
            conn.execute(scratch.create(self.server.major, name, template))
            conn.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}".encode())
            try:
                yield name
            finally:
                scratch.drop(conn, name)

    def take(self, file: str) -> Path:
        """A file of the project, as it is checked in."""
        target = self.folder / file.replace("refused/", "")
        shutil.copy(PROJECT / file, target)
        return target

    def zdm(self, *arguments: str) -> Answer:
        """The command line, in the project's folder."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", ["zdm", *arguments]),
            mock.patch.object(sys, "excepthook", sys.excepthook),
        ):
            try:
                main()
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 1
        return Answer(code, out.getvalue(), err.getvalue())

    def migrate_plainly(self, name: str, files: tuple[str, ...]) -> None:
        """As Alembic and psql run them."""
        for file in files:
            if file.endswith(".py"):
                config = Config(self.folder / "alembic.ini")
                url = self.url(name, OWNER).replace("postgresql://", "postgresql+psycopg://")
                config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
                command.upgrade(config, Path(file).name.partition("_")[0])
                continue
            data = (self.folder / file).read_bytes()
            with psycopg.connect(self.url(name, OWNER), autocommit=True) as conn:
                for statement in split.statements(data, file):
                    conn.execute(statement.sql.encode())

    def rows(self, name: str) -> dict[str, list[str]]:
        """All rows by table, but for the time of their last change."""
        found = {}
        with psycopg.connect(self.url(name), autocommit=True) as conn:
            for (table,) in conn.execute(_ROWS).fetchall():
                names = [column for (column,) in conn.execute(_COLUMNS, [table]).fetchall()]
                shown = ", ".join(f"{column}::text" for column in names)
                query = f"SELECT ROW({shown})::text FROM velo.{table} ORDER BY 1"
                found[table] = [row for (row,) in conn.execute(query.encode()).fetchall()]
        return found
