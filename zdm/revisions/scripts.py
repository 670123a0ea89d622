"""In the child: the Alembic environment, its graph as plain data, and runs of `env.py`.

Runs go through Alembic's own EnvironmentContext with a work function of zdm's, as its own
commands do it: that function learns whether env.py runs migrations at all, how often, and which
revision each step is.
"""

import hashlib
import inspect
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import exc
from sqlalchemy.engine import make_url

from zdm.errors import InputError
from zdm.revisions.shadow_address import Address

Work = Callable[[Any, MigrationContext], Iterable[Any]]


class Environment:
    """One Alembic environment: its settings file and its scripts."""

    def __init__(self, ini: Path) -> None:
        self.config = _config(ini)
        self.scripts = ScriptDirectory.from_config(self.config)

    @property
    def env_file(self) -> Path:
        """The user's env.py."""
        return Path(self.scripts.env_py_location).absolute()

    def point(self, address: Address, driver: str) -> None:
        """Make `sqlalchemy.url` say the shadow, by way of the user's own driver."""
        given = self.config.get_main_option("sqlalchemy.url") or ""
        scheme = f"postgresql+{driver}"
        try:
            parsed = make_url(given)
            if parsed.get_backend_name() == "postgresql" and "+" in parsed.drivername:
                scheme = parsed.drivername
        except exc.ArgumentError:
            pass  # a placeholder such as driver://user:pass@localhost/dbname, or nothing
        url = address.url(scheme).replace("%", "%%")
        self.config.set_main_option("sqlalchemy.url", url)

    def run(self, work: Work, to: tuple[str, ...]) -> None:
        """Run env.py online, with `work` as what it migrates."""
        with EnvironmentContext(
            self.config, self.scripts, fn=work, as_sql=False, destination_rev=to, tag=None
        ):
            self.scripts.run_env()

    def upgrades(self, to: Any, heads: Any) -> list[Any]:
        """The steps from the heads to the revisions."""
        return list(self.scripts._upgrade_revs(to, heads))

    def stamps(self, to: tuple[str, ...], heads: Any) -> list[Any]:
        """The steps that write the revisions into the version table, and run nothing."""
        return list(self.scripts._stamp_revs(to, heads))

    def create(self, message: str, head: str | None) -> str:
        """A new revision file, as `alembic revision` makes it; its path."""
        made = command.revision(self.config, message=message, head=head or "head")
        script = made[0] if isinstance(made, list) else made
        if script is None:
            raise InputError(
                "Alembic created no revision", hint="run `alembic revision` to see"
            )
        return str(Path(script.path).absolute())

    def graph(self) -> dict[str, Any]:
        """Every revision as its file says it; nothing is resolved if that is ambiguous."""
        before = set(sys.modules)
        loaded = list(self.scripts._load_revisions())
        ids = {script.revision for script in loaded}
        sound = len(ids) == len(loaded) and all(set(_downs(s)) <= ids for s in loaded)
        return {
            "revisions": [
                _described(script, self._depends(script) if sound else []) for script in loaded
            ],
            "env": self._sources(before),
            "folders": [str(Path(folder).absolute()) for folder in self.folders()],
        }

    def folders(self) -> list[str]:
        """Where revision files lie."""
        return [str(self.scripts.dir), *(str(item) for item in self.scripts._version_locations)]

    def _depends(self, script: Script) -> list[str]:
        named = script.dependencies or ()
        names = (named,) if isinstance(named, str) else tuple(named)
        return [found.revision for found in self.scripts.get_revisions(names) if found]

    def _sources(self, before: set[str]) -> dict[str, str]:
        """Other files that decide what revisions do: env.py's folder, and imported modules."""
        modules = (sys.modules[name] for name in set(sys.modules) - before)
        imported = {getattr(module, "__file__", None) or "" for module in modules}
        files = {Path(f).absolute() for f in imported if f and "site-packages" not in f}
        files |= {path.absolute() for path in Path(self.scripts.dir).glob("*.py")}
        library = Path(inspect.__file__).parent
        return {
            str(path): _sha256(path)
            for path in sorted(files)
            if path.is_file() and not path.is_relative_to(library)
        }


def _config(ini: Path) -> Config:
    options = Namespace(x=None, config=str(ini), name="alembic", cmd=None, raiseerr=False)
    if ini.suffix == ".toml":
        return Config(toml_file=str(ini), cmd_opts=options)
    project = ini.parent / "pyproject.toml"
    if project.is_file() and "toml_file" in inspect.signature(Config).parameters:
        return Config(str(ini), toml_file=str(project), cmd_opts=options)
    return Config(str(ini), cmd_opts=options)


def _downs(script: Script) -> tuple[str, ...]:
    down = script.down_revision
    return (down,) if isinstance(down, str) else tuple(down or ())


def _described(script: Script, depends: list[str]) -> dict[str, Any]:
    path = Path(script.path).absolute()
    return {
        "id": script.revision,
        "file": str(path),
        "sha256": _sha256(path),
        "down": list(_downs(script)),
        "depends_on": depends,
        "labels": sorted(script._orig_branch_labels),
        "folder": str(path.parent),
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
