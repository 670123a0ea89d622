import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Copy:
    """A copy of the repository, in which skeletons are written."""

    root: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program in the copy, whatever its exit code."""
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A module of Python, with the copy's own packages."""
        return self.run(sys.executable, *arguments)

    def make_new(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make new-…` without another virtual environment."""
        programs = Path(sys.executable).parent
        # under another make it would also say which folder it enters and leaves
        options = ("--no-print-directory", "-o", ".venv/.ready")
        return self.run("make", *options, f"BIN={programs}", *words)

    def changes(self) -> list[str]:
        """What differs from the repository, as git says it."""
        status = self.run("git", "status", "--porcelain", "--untracked-files=all")
        return status.stdout.splitlines()

    def outcomes(self, *arguments: str) -> dict[str, str]:
        """How each test that was chosen ended, by its name without the folder."""
        options = ("-q", "-rA", "--tb=no", "-p", "no:cacheprovider")
        said = self.python("-m", "pytest", *options, *arguments).stdout
        lines = [line.split(" - ")[0].partition(" ") for line in said.splitlines()]
        return {
            name.rpartition("::")[2]: word
            for word, _, name in lines
            if word in {"PASSED", "FAILED", "ERROR", "SKIPPED"}
        }


def copied(root: Path) -> Copy:
    """The files that git knows or would take, under a git of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    copy = Copy(root)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "copy"]):
        done = copy.run("git", "-c", "user.name=t", "-c", "user.email=t@t", *command)
        assert done.returncode == 0, done.stderr
    return copy
