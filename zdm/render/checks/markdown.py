"""Findings as a comment on a merge request; its first line lets a bot find and replace it."""

import re

from zdm.render.checks_summary import summary
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

MARK = "<!-- zdm check -->"


def render(report: Report, _layout: Layout) -> str:
    """Errors and warnings as a list, with their statements."""
    shown = [f for f in report.findings if not f.ignored and f.level is not Level.NOTE]
    parts = [MARK, "## zdm check", summary(report), *(_one(finding) for finding in shown)]
    return "\n\n".join(parts) + "\n"


def _one(finding: Reported) -> str:
    place = f"{finding.source.file}:{finding.source.line}"
    lines = [f"- **{finding.level}** `{finding.rule}` at `{place}`: {_inert(finding.message)}"]
    if finding.remedy:
        lines.append(f"  Instead: {_inert(finding.remedy)}")
    if finding.statement:
        fence = _fence(finding.statement)
        lines += ["", f"  {fence}sql"]
        lines += [f"  {line}" for line in finding.statement.splitlines()]
        lines.append(f"  {fence}")
    return "\n".join(lines)


def _inert(text: str) -> str:
    """A name from a migration must not mention a person or make a link."""
    return "".join(f"\\{c}" if c in "\\*_[]<>@#|~!" else c for c in text)


def _fence(text: str) -> str:
    """Longer than any run of backticks in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)
