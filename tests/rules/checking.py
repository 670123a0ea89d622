"""Runs the gate's walk on texts, as `zdm check` does on files."""

from datetime import date
from pathlib import Path

from zdm.model.findings import Severity
from zdm.model.rule import Transactions
from zdm.model.schema import Snapshot
from zdm.rules import ALL, fixes, walk
from zdm.rules.fixes import Verifier
from zdm.rules.report import InputFile, Level, Report, Reported, Terms

CASES = Path(__file__).parent / "cases"
EMPTY = Snapshot(server_version=180_000)
TODAY = date(2026, 11, 29)


def terms(**changed: object) -> Terms:
    """As psql runs files, on 14 to 18."""
    values = {
        "majors": (14, 18),
        "transactions": Transactions.STATEMENT,
        "today": lambda: TODAY,
    }
    return Terms(**{**values, **changed})  # type: ignore[arg-type]  # any field may be given


def report(sql: str, before: str = "", **changed: object) -> Report:
    """The Report on one new file, above a released one."""
    files = (
        InputFile(path="before.sql", data=before.encode(), judged=False),
        InputFile(path="migration.sql", data=sql.encode()),
    )
    return walk.check(files, EMPTY, terms(**changed), ALL)


def of_rule(slug: str) -> dict[str, Severity | None]:
    """What turns the rule on, where it is off unless the settings say otherwise."""
    off = {rule.slug for rule in ALL if rule.severity is None}
    return {slug: Severity.WARN} if slug in off else {}


def found(sql: str, before: str = "", **changed: object) -> list[str]:
    """The rules that find something which no ignore covers, in order."""
    return [f.rule for f in report(sql, before, **changed).findings if not f.ignored]


def errors(report_: Report) -> list[Reported]:
    """What refuses."""
    return [f for f in report_.findings if f.level is Level.ERROR and not f.ignored]


def accepted(_before: object, _old: object, _new: object) -> str:
    """Takes every fix for one that leaves the same schema."""
    return ""


def fixed(
    sql: bytes, before: str = "", verifier: Verifier = accepted, **changed: object
) -> tuple[bytes, dict[str, str]]:
    """The file with its fixes, and why rules' fixes were left out."""
    files = (
        InputFile(path="before.sql", data=before.encode(), judged=False),
        InputFile(path="migration.sql", data=sql),
    )
    done = fixes.applied(files, EMPTY, terms(**changed), ALL, verifier)
    return done.files[1].data, {left.finding.rule: left.why for left in done.left}
