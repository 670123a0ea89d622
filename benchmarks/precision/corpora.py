"""The migrations that every tool judges."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = ROOT / "tests/rules/cases"
KINDS = ("refused", "allowed", "fixed")
SQUAWK_RULES = "crates/squawk_linter/src/rules"
TEST = re.compile(r"^    fn (\w+)\(\)", re.MULTILINE)
RAW = re.compile(r'r(#*)"(.*?)"\1', re.DOTALL)
PLAIN = re.compile(r'let \w+ =\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A migration, the SQL that was released before it, and what is on the server besides,
    which no file says."""

    corpus: str
    name: str
    sql: str
    before: str = ""
    unseen: str = ""

    @property
    def sha256(self) -> str:
        """What identifies the migration and what was released before it."""
        unseen = f"\0{self.unseen}" if self.unseen else ""
        text = f"{self.before}\0{self.sql}{unseen}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def rules() -> Iterator[Case]:
    """Each case of a rule of zdm."""
    for path in sorted(RULES.glob("*/*.sql")):
        if path.stem.partition("_")[0] in KINDS:
            before, unseen = (path.with_name(f"{name}.sql") for name in ("before", "unseen"))
            yield Case(
                corpus="rules",
                name=f"{path.parent.name}/{path.stem}",
                sql=path.read_text(),
                before=before.read_text() if before.exists() else "",
                unseen=unseen.read_text() if unseen.exists() else "",
            )


def squawk(repository: Path) -> Iterator[Case]:
    """The SQL in squawk's tests of its rules, read from a clone of its repository; each text
    once, as several tests give the same one to different settings."""
    seen: set[str] = set()
    for file in _listed(repository):
        text = _git(repository, "show", f"HEAD:{file}")
        _, _, tests = text.partition("mod test")
        parts = TEST.split(tests)[1:]
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            texts = [found[1] for found in RAW.findall(body)] + PLAIN.findall(body)
            for number, sql in enumerate(texts, 1):
                if sql.strip() and sql.strip() not in seen:
                    seen.add(sql.strip())
                    suffix = f"#{number}" if len(texts) > 1 else ""
                    where = f"{Path(file).stem}/{name}{suffix}"
                    yield Case(corpus="squawk", name=where, sql=sql)


def _listed(repository: Path) -> list[str]:
    names = _git(repository, "ls-tree", "-r", "--name-only", "HEAD", SQUAWK_RULES)
    return [name for name in names.splitlines() if name.endswith(".rs")]


def _git(repository: Path, *words: str) -> str:
    run = ["git", "-C", str(repository), *words]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout
