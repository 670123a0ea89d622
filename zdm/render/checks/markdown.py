"""Findings as a comment on a merge request; its first line lets a bot find and replace it."""

import re

from zdm.render import fixed_sql
from zdm.render.checks_summary import counted, summary
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

MARK = "<!-- zdm check -->"
MOST = 60_000  # characters; GitHub refuses a comment of more than 65,536


def render(report: Report, _layout: Layout) -> str:
    """Errors and warnings as a list, with their statements, as many as a comment holds."""
    shown = [f for f in report.findings if not f.ignored and f.level is not Level.NOTE]
    shown.sort(key=lambda finding: tuple(Level).index(finding.level))
    parts = [MARK, "## zdm check", summary(report)]
    size = 0
    for number, finding in enumerate(shown):
        text = _one(finding)
        size += len(text)
        if size > MOST:
            more = counted(len(shown) - number, "more finding")
            parts.append(f"{more}: see the job's log")
            break
        parts.append(text)
    return "\n\n".join(parts) + "\n"


def _one(finding: Reported) -> str:
    place = f"{finding.source.file}:{finding.source.line}"
    lines = [f"- **{finding.level}** `{finding.rule}` at `{place}`: {_inert(finding.message)}"]
    if finding.statement:
        lines += _fenced(finding.statement, "sql")
    if finding.remedy:
        lines.append(f"  Instead: {_inert(finding.remedy)}")
    fixed = "\n".join(fixed_sql.news(finding))
    if fixed:
        lines += _fenced(fixed, "python" if finding.source.file.endswith(".py") else "sql")
    return "\n".join(lines).rstrip()


def _fenced(text: str, language: str) -> list[str]:
    fence = _fence(text)
    printed = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
    inner = [f"  {line}" for line in printed.split("\n")]
    return ["", f"  {fence}{language}", *inner, f"  {fence}", ""]


def _inert(text: str) -> str:
    """A name from a migration must not mention a person or make a link."""
    printed = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return "".join(f"\\{c}" if c in "\\*_[]<>@#|~!`" else c for c in printed)


def _fence(text: str) -> str:
    """Longer than any run of backticks in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)
