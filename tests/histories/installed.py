"""Other people's projects, each pinned in a virtual environment of its own in the cache.

python -m tests.histories.installed
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from zdm.postgres.server.programs import cache_directory

BESIDE = ("alembic==1.20.1", "sqlalchemy==2.1.9", "psycopg[binary]==3.3.9")
INI = """\
[alembic]
script_location = {scripts}
version_locations = {versions}
path_separator = newline
sqlalchemy.url = {url}

[loggers]
keys = root

[handlers]
keys =

[formatters]
keys =

[logger_root]
handlers =
"""
# What mlflow does itself before the first upgrade (mlflow/store/db/utils.py).
MLFLOW_TABLES = """
import os, sqlalchemy
from mlflow.store.tracking.dbmodels.initial_models import Base
url = sqlalchemy.make_url(os.environ["ZDM_SHADOW_URL"]).set(drivername="postgresql+psycopg")
Base.metadata.create_all(sqlalchemy.create_engine(url))
"""
PLAIN_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
url = context.config.get_main_option("sqlalchemy.url")
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
# The driver that Prefect uses leaves `%` in a text without parameters alone; psycopg does not.
PLAIN_PERCENT = """
import re
from sqlalchemy import Engine, event
@event.listens_for(Engine, "before_cursor_execute", retval=True)
def doubled(connection, cursor, text, parameters, context, many):
    return (text if parameters else re.sub("(?<!%)%(?!%)", "%%", text)), parameters
"""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package with an Alembic environment in it."""

    name: str
    version: str
    scripts: str  # in site-packages
    versions: tuple[str, ...] = ("versions",)  # in `scripts`
    before: str = ""  # Python that its commands run before its env.py
    env: str = ""  # in place of its env.py, which reads settings of a whole installation
    rarely: bool = False  # recorded by `make thorough` only
    baseline: str = ""  # Python that makes what the first revision expects

    @property
    def home(self) -> Path:
        """Its virtual environment."""
        return cache_directory() / "histories" / f"{self.name}-{self.version}"

    @property
    def python(self) -> str:
        """The Python in it."""
        return str(self.home / "bin/python")

    @property
    def site(self) -> Path:
        """Its site-packages."""
        return next((self.home / "lib").glob("python*/site-packages"))

    @property
    def command(self) -> tuple[str, ...]:
        """The baseline command."""
        return (self.python, "-c", self.baseline) if self.baseline else ()

    def install(self) -> None:
        """Make the environment, unless it is there."""
        done = self.home / "installed"
        if done.exists():
            return
        quiet = ["--quiet", "--disable-pip-version-check"]
        pip = [self.python, "-m", "pip", "install", "--no-compile", *quiet]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(self.home)], check=True)
        subprocess.run([*pip, f"{self.name}=={self.version}", *BESIDE], check=True)
        done.touch()

    def ini(self, folder: Path, url: str = "sqlite://") -> Path:
        """A settings file for it, written into the folder."""
        scripts = self.site / self.scripts
        versions = "\n  ".join(str(scripts / version) for version in self.versions)
        if self.before or self.env:
            own = folder / "scripts"
            own.mkdir(exist_ok=True)
            run = f"import runpy\nrunpy.run_path({str(scripts / 'env.py')!r})\n"
            (own / "env.py").write_text(f"{self.before}\n{self.env or run}")
            scripts = own
        file = folder / f"{self.name}.ini"
        file.write_text(INI.format(scripts=scripts, versions=versions, url=url))
        return file


PACKAGES = (
    Package(name="optuna", version="5.0.0", scripts="optuna/storages/_rdb/alembic"),
    Package(
        name="keystone",
        version="30.0.0",
        scripts="keystone/common/sql/migrations",
        before="import keystone.conf\nkeystone.conf.configure()",
        versions=(
            "versions",
            "versions/yoga/expand",
            "versions/yoga/contract",
            "versions/bobcat/expand",
            "versions/bobcat/contract",
            "versions/2024.1/expand",
            "versions/2025.2/expand",
            "versions/2026.1/expand",
        ),
    ),
    Package(
        name="mlflow-skinny",
        version="3.17.2",
        scripts="mlflow/store/db_migrations",
        baseline=MLFLOW_TABLES,
    ),
    Package(
        name="ckan",
        version="2.12.0",
        scripts="ckan/migration",
        env=PLAIN_ENV,
        rarely=True,
    ),
    Package(
        name="prefect",
        version="3.9.1",
        scripts="prefect/server/database/_migrations",
        versions=("versions/postgresql",),
        env=PLAIN_PERCENT + PLAIN_ENV,
        rarely=True,
    ),
)

if __name__ == "__main__":
    for package in PACKAGES:
        package.install()
