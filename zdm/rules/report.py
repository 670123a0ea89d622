"""What `zdm check` was given, and what it found."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Transactions
from zdm.model.statement import Source

Today = Callable[[], date]


class Level(StrEnum):
    """How much a Finding of the gate weighs."""

    ERROR = "error"
    WARN = "warn"
    NOTE = "note"  # `zdm plan` makes it safe


class InputFile(Struct, frozen=True, kw_only=True):
    """A file with its content. `judged`: it is new or changed, so its statements are reported;
    the others only say which schema these meet. `edited`: it was released with another
    content; `gone`: it is not there any more, and why; `early`: its version is below one that
    was released. `place`: where it is."""

    path: str
    data: bytes
    judged: bool = True
    edited: bool = False
    gone: str = ""
    early: bool = False
    place: Path | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """By what it is judged."""

    majors: tuple[int, ...]
    transactions: Transactions
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    severities_in: tuple[tuple[str, Mapping[str, Severity | None]], ...] = ()  # by path
    lock_timeout_limit: timedelta = timedelta(seconds=5)
    no_transaction: str = ""  # the comment by which the runner opens no transaction
    one_release: bool = False  # all judged files together; else each is its own
    today: Today  # asked only where an ignore has a last day

    def severities_at(self, path: str) -> Mapping[str, Severity | None]:
        """What the settings say for a file; of several patterns that match, the last."""
        found = dict(self.severities)
        for pattern, severities in self.severities_in:
            if fnmatchcase(path, pattern):
                found |= severities
        return found


class Reported(Struct, frozen=True, kw_only=True):
    """One Finding. `ignored` is the reason of the directive that covers it."""

    rule: str
    level: Level
    message: str
    remedy: str
    source: Source
    statement: str = ""
    others: tuple[str, ...] = ()  # texts that it is about, too
    lock: str = ""  # the strongest on a relation in use, in the manual's words
    relations: tuple[str, ...] = ()  # that it is on
    planned: str = "no"
    ignored: str = ""
    in_baseline: bool = False  # which is why it is ignored
    fix: Fix | None = None


class Report(Struct, frozen=True, kw_only=True):
    """All Findings in the order of files and places; `statements` of judged files."""

    findings: tuple[Reported, ...]
    files: int
    statements: int
    understood: int
    notes: tuple[str, ...] = ()

    def counted(self, level: Level) -> int:
        """The Findings of a level that are not ignored."""
        return sum(1 for f in self.findings if f.level is level and not f.ignored)

    def refuses(self, fail_level: Level) -> bool:
        """Whether anything is at or above the level."""
        levels = tuple(Level)
        refused = levels[: levels.index(fail_level) + 1]
        return any(self.counted(level) for level in refused)
