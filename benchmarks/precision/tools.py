"""What each tool says of each statement of a Case."""

import json
import subprocess
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.precision.corpora import Case
from zdm.model.rule import Transactions
from zdm.model.schema import Snapshot
from zdm.model.statement import Statement
from zdm.parse import split
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile, Level, Reported, Terms

MAJOR = 18
NEVER = date(2026, 1, 1)
Said = Mapping[int, frozenset[str]]  # by the statement's number, from 0

# squawk's rules about naming and types, which no lock or failure depends on
SQUAWK_STYLE = frozenset(
    {
        "ban-char-field",
        "identifier-too-long",
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-identity",
        "prefer-robust-stmts",
        "prefer-text-field",
        "prefer-timestamp-tz",
        "require-enum-value-ordering",
        "require-table-schema",
        "unused-ignore",
    }
)
# rules about timeouts, which are counted by themselves
LIMITS = frozenset(
    {
        "missing-lock-timeout",
        "lock-timeout-too-long",
        "require-lock-timeout",
        "require-statement-timeout",
        "require-timeout",
        "require-timeout-settings",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding is, from 0."""

    line: int
    column: int
    rule: str


def zdm(case: Case) -> tuple[Said, Said]:
    """What `zdm check` finds, errors and everything, on top of what was released."""
    files = (
        InputFile(path="before.sql", data=case.before.encode(), judged=False),
        InputFile(path="migration.sql", data=case.sql.encode()),
    )
    start = Snapshot(server_version=MAJOR * 10_000)
    terms = Terms(majors=(MAJOR,), transactions=Transactions.STATEMENT, today=lambda: NEVER)
    found = [f for f in walk.check(files, start, terms, ALL).findings if not f.ignored]
    errors = [f for f in found if f.level is Level.ERROR]
    return (
        by_statement(case.sql, [_place(f) for f in errors]),
        by_statement(case.sql, [_place(f) for f in found if f.level is not Level.NOTE]),
    )


def _place(found: Reported) -> Place:
    return Place(line=found.source.line - 1, column=found.source.column - 1, rule=found.rule)


def squawk(program: Path, cases: Sequence[Case], folder: Path) -> list[Said]:
    """What squawk finds with its default rules, in the order of the Cases; one run for all."""
    names = []
    for number, case in enumerate(cases):
        names.append(f"{number}.sql")
        (folder / names[-1]).write_text(case.sql)
    command = [str(program), "--reporter", "json", "--pg-version", f"{MAJOR}.0", *names]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1) or not run.stdout.strip():
        raise SystemExit(f"squawk failed: {run.stderr}")
    found: dict[str, list[Place]] = {name: [] for name in names}
    for entry in json.loads(run.stdout):
        place = Place(line=entry["line"], column=entry["column"], rule=entry["rule_name"])
        found[entry["file"]].append(place)
    return [
        by_statement(case.sql, found[name]) for name, case in zip(names, cases, strict=True)
    ]


def pgsafe(program: Path, cases: Sequence[Case], folder: Path) -> list[Said]:
    """What pgsafe finds with its default rules, errors and warnings; each file by itself, as a
    syntax error in one would end the run."""
    said = []
    for number, case in enumerate(cases):
        file = folder / f"{number}.sql"
        file.write_text(case.sql)
        command = [str(program), "--format", "json", "--fail-on", "never", str(file)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        places = []
        if run.returncode == 0:  # else it could not read the file
            for entry in json.loads(run.stdout)["files"][0]["findings"]:
                at = entry["location"]
                places.append(
                    Place(line=at["line"] - 1, column=at["column"] - 1, rule=entry["rule_id"])
                )
        said.append(by_statement(case.sql, places))
    return said


def by_statement(sql: str, places: Sequence[Place]) -> Said:
    """A finding belongs to the last statement that begins at or before it."""
    starts = [(s.source.line - 1, s.source.column - 1) for s in statements(sql)]
    said: dict[int, set[str]] = {}
    for place in places:
        number = bisect_right(starts, (place.line, place.column)) - 1
        said.setdefault(max(number, 0), set()).add(place.rule)
    return {number: frozenset(rules) for number, rules in said.items()}


def statements(sql: str) -> tuple[Statement, ...]:
    """The statements of a migration."""
    return split.statements(sql.encode(), "migration.sql")
