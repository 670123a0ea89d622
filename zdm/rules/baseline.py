"""Findings that a team has accepted: they are known by rule, file and statement, wherever in
the file it is, and do not count."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.statement import Source
from zdm.parse.readers import tokens
from zdm.rules import ignored
from zdm.rules.report import Level, Report, Reported

ACCEPTED = "in the baseline"
UNUSED = "baseline-unused"


class Entry(Struct, frozen=True, kw_only=True, order=True):
    """One accepted finding. `statement` is a hash, which an edit of the statement changes."""

    file: str
    rule: str
    statement: str = ""  # empty for a finding on a whole file


class Baseline(Struct, frozen=True, kw_only=True):
    """The entries of a file at a path."""

    path: str
    entries: tuple[Entry, ...]


def entries(report: Report) -> tuple[Entry, ...]:
    """What accepts all that counts now."""
    return tuple(sorted(_entry(f) for f in report.findings if _can_be_accepted(f)))


class Applied(Struct, frozen=True, kw_only=True):
    """The Report with the accepted findings marked; `unused`: what to say of entries that
    match nothing more, and where."""

    report: Report
    unused: tuple[tuple[Source, str], ...] = ()


def applied(report: Report, baseline: Baseline, judged: Collection[str]) -> Applied:
    """Of the files that were judged; the others may still hold what is accepted."""
    left = Counter(baseline.entries)
    findings = tuple(_accepted(finding, left) for finding in report.findings)
    place = Source(file=baseline.path, line=1, column=1)
    rules: dict[str, list[str]] = {}
    for entry in sorted(left.elements()):
        if entry.file in judged:
            rules.setdefault(entry.file, []).append(entry.rule)
    unused = (
        (place, f"nothing in {file} is found any more by {', '.join(dict.fromkeys(slugs))}")
        for file, slugs in rules.items()
    )
    return Applied(report=replace(report, findings=findings), unused=tuple(unused))


def _accepted(finding: Reported, left: Counter[Entry]) -> Reported:
    entry = _entry(finding)
    if not _can_be_accepted(finding) or not left[entry]:
        return finding
    left[entry] -= 1
    return replace(finding, ignored=ACCEPTED, in_baseline=True)


def _can_be_accepted(finding: Reported) -> bool:
    counts = not finding.ignored and finding.level is not Level.NOTE
    return counts and finding.rule not in ignored.ABOUT_IGNORES


def _entry(finding: Reported) -> Entry:
    return Entry(
        file=finding.source.file,
        rule=finding.rule,
        statement=_hash(" ; ".join(filter(None, (finding.statement, *finding.others)))),
    )


def _hash(sql: str) -> str:
    """The same for other spaces, comments and capitals of words that are not quoted."""
    if not sql:
        return ""
    text = " ".join(_normalised(sql))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _normalised(sql: str) -> Iterator[str]:
    for token in tokens.words(sql):
        plain = token.text[0].isalpha() and "'" not in token.text and '"' not in token.text
        yield token.text.lower() if plain else token.text
