"""Findings as workflow commands of GitHub Actions, which it shows at their lines.

GitHub shows ten annotations of a kind for a step; the rest is in the log only, so errors come
first.
"""

from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_COMMANDS = {Level.ERROR: "error", Level.WARN: "warning", Level.NOTE: "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render(report: Report, _layout: Layout) -> str:
    """One line for each finding that is not ignored, by weight."""
    order = tuple(Level)
    shown = sorted(
        (finding for finding in report.findings if not finding.ignored),
        key=lambda finding: order.index(finding.level),
    )
    return "".join(_one(finding) for finding in shown)


def _one(finding: Reported) -> str:
    properties = {
        "file": finding.source.file,
        "line": finding.source.line,
        "endLine": finding.source.line + max(finding.statement.count("\n"), 0),
        "title": f"zdm: {finding.rule}",
    }
    words = ",".join(f"{k}={_escaped(str(v), _PROPERTY)}" for k, v in properties.items())
    text = _escaped(f"{finding.message}\n{finding.remedy}".strip(), _DATA)
    return f"::{_COMMANDS[finding.level]} {words}::{text}\n"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
