"""Other people's projects whose migrations are SQL files, each pinned and kept in the cache."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zdm.model.statement import Train
from zdm.parse import split
from zdm.postgres.server.programs import cache_directory


@dataclass(frozen=True, kw_only=True)
class SqlPackage:
    """A package with SQL files that are run in the order of their names."""

    name: str
    version: str
    registry: Literal["pypi", "npm"]
    folder: str  # in the installed package
    pattern: str = "*.sql"
    before: str = ""  # SQL that its own program runs before the first file
    written: dict[str, str] = field(default_factory=dict)  # what the program puts in place

    @property
    def home(self) -> Path:
        """Where it is installed."""
        return cache_directory() / "histories" / f"{self.name}-{self.version}"

    def install(self) -> None:
        """Fetch it, without what it depends on, unless it is there."""
        done = self.home / "installed"
        if done.exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        subprocess.run(self._command(), check=True, capture_output=True, cwd=self.home)
        done.touch()

    def _command(self) -> list[str]:
        if self.registry == "npm":
            quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=peer"]
            pinned = f"{self.name}@{self.version}"
            return ["npm", "install", *quiet, "--prefix", str(self.home), pinned]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        pinned = f"{self.name}=={self.version}"
        return [*pip, "--disable-pip-version-check", "--target", str(self.home), pinned]

    def migrations(self) -> Iterator[Train]:
        """Each file as the one pending; those without a statement are left out."""
        root = self.home / ("node_modules" if self.registry == "npm" else "")
        for file in sorted((root / self.folder).glob(self.pattern)):
            data = file.read_bytes()
            for placeholder, name in self.written.items():
                data = data.replace(placeholder.encode(), name.encode())
            shown = file.relative_to(root).as_posix()
            statements = tuple(split.statements(data, shown))
            if statements:
                yield Train(statements=statements, files=(split.source_file(data, shown),))


SQL_PACKAGES = (
    SqlPackage(
        name="procrastinate",
        version="3.10.0",
        registry="pypi",
        folder="procrastinate/sql/migrations",
    ),
    SqlPackage(
        name="litellm-proxy-extras",
        version="0.4.110",
        registry="pypi",
        folder="litellm_proxy_extras/migrations",
        pattern="*/migration.sql",
    ),
    SqlPackage(
        name="graphile-worker",
        version="0.17.3",
        registry="npm",
        folder="graphile-worker/sql",
        before="CREATE SCHEMA graphile_worker",
        written={":GRAPHILE_WORKER_SCHEMA": "graphile_worker"},
    ),
)

if __name__ == "__main__":
    for package in SQL_PACKAGES:
        package.install()
