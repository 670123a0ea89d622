"""Findings as workflow commands of GitHub Actions, which it shows at their lines.

GitHub shows ten annotations of a kind for a step. The others are lines of the log, and the
step's summary has all.
"""

from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

MOST = 10
_COMMANDS = {Level.ERROR: "error", Level.WARN: "warning", Level.NOTE: "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render(report: Report, _layout: Layout) -> str:
    """One line for each finding that is not ignored, by weight."""
    lines: list[str] = []
    for level in Level:
        found = [f for f in report.findings if f.level is level and not f.ignored]
        lines += map(_annotation, found[:MOST])
        lines += map(_line, found[MOST:])
    return "".join(lines)


def _annotation(finding: Reported) -> str:
    properties = {
        "file": finding.source.file,
        "line": finding.source.line,
        "endLine": finding.source.line + finding.statement.count("\n"),
        "title": f"zdm: {finding.rule}",
    }
    words = ",".join(f"{k}={_escaped(str(v), _PROPERTY)}" for k, v in properties.items())
    text = _escaped(f"{finding.message}\n{finding.remedy}".strip(), _DATA)
    return f"::{_COMMANDS[finding.level]} {words}::{text}\n"


def _line(finding: Reported) -> str:
    """No command, whatever a name in it says."""
    text = f"{finding.source}: {finding.level} {finding.rule}: {finding.message}"
    return f"{' '.join(text.split())}\n"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
