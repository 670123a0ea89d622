"""Runs the shell steps of a GitHub action or a GitLab job, with stand-ins for the runner."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ZDM = Path(sys.executable).with_name("zdm")
Done = subprocess.CompletedProcess[str]
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
STAND_IN = """\
#!/usr/bin/env bash
# writes down its arguments and answers as the test says
printf '%s\\n' "$(basename "$0") $*" >> "{log}"
for word in "$@"; do
  case "$word" in *=@*) cp "${{word#*@}}" "{folder}/sent" ;; esac
done
{answer}
"""


def load(path: Path) -> Any:
    """A YAML file; `on` stays a word."""
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its expressions; one that the test has no value for is an error."""
    return EXPRESSION.sub(lambda found: values[found[1]], text)


@dataclass(kw_only=True)
class Runner:
    """A machine that runs jobs: a checkout, a temporary folder, and programs."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin.mkdir(parents=True)
        (self.bin / "python").symlink_to(sys.executable)
        self.checkout.mkdir()

    @property
    def bin(self) -> Path:
        """Programs that come first."""
        return self.folder / "bin"

    @property
    def checkout(self) -> Path:
        """Where the repository is."""
        return self.folder / "checkout"

    @property
    def log(self) -> list[str]:
        """Each call of a stand-in."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def sent(self) -> str:
        """The last file that a stand-in was given."""
        return (self.folder / "sent").read_text()

    def stand_in(self, name: str, answer: str = "") -> None:
        """A program that notes how it is called; `answer` is what it does then, in shell."""
        file = self.bin / name
        text = STAND_IN.format(log=self.folder / "calls", folder=self.folder, answer=answer)
        file.write_text(text)
        file.chmod(0o755)

    def run(
        self, script: str, environment: Mapping[str, str], *, shell: Sequence[str] = ()
    ) -> Done:
        """Run a step as the runner does."""
        file = self.folder / "step.sh"
        file.write_text(script)
        kept = {"HOME": str(self.folder), "LANG": "C.UTF-8"}
        path = f"{self.bin}:{Path(shutil.which('git') or '/usr/bin/git').parent}:/usr/bin:/bin"
        words = shell or ("bash", "--noprofile", "--norc", "-eo", "pipefail")
        return subprocess.run(
            [*words, str(file)],
            cwd=self.checkout,
            env={**kept, "PATH": path, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def git(folder: Path, *words: str) -> str:
    """Run git, with an author."""
    person = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com"}
    committer = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"}
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *words],
        cwd=folder,
        env={**os.environ, **person, **committer},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def repository(folder: Path, changed: Mapping[str, str]) -> None:
    """A clone of a repository with a released migration, on a branch that changes files."""
    origin = folder.with_name("origin")
    origin.mkdir()
    git(origin, "init", "--quiet")
    (origin / "migrations").mkdir()
    (origin / "zdm.toml").write_text('[check]\nrunner = "sql"\npaths = ["migrations"]\n')
    (origin / "migrations/0001.sql").write_text(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n"
    )
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "released")
    git(folder.parent, "clone", "--quiet", f"file://{origin}", str(folder))
    git(folder, "checkout", "--quiet", "-b", "work")
    for name, text in changed.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    if changed:
        git(folder, "commit", "--quiet", "--message", "work")
