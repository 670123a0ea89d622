"""Findings for a person: place, rule, statement, fact and remedy; notes are only counted."""

from zdm.render.checks_summary import counted, summary
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_MOST_LINES = 6  # of a statement
_COLOURS = {Level.ERROR: "\033[1;31m", Level.WARN: "\033[1;33m", Level.NOTE: "\033[1m"}


def render(report: Report, layout: Layout) -> str:
    """Errors and warnings in order, then what was read."""
    shown = [f for f in report.findings if not f.ignored and f.level is not Level.NOTE]
    blocks = [_one(finding, layout) for finding in shown]
    return "\n\n".join([*blocks, summary(report)]) + "\n"


def _harmless(text: str) -> str:
    """A migration's text must not control the terminal of its reader."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _one(finding: Reported, layout: Layout) -> str:
    bold, plain = (_COLOURS[finding.level], "\033[0m") if layout.colour else ("", "")
    lines = [f"{_harmless(str(finding.source))}: {bold}{finding.level}{plain} {finding.rule}"]
    statement = _harmless(finding.statement).split("\n") if finding.statement else []
    lines += [f"  │ {line}" for line in statement[:_MOST_LINES]]
    if len(statement) > _MOST_LINES:
        lines.append(f"  │ … {counted(len(statement) - _MOST_LINES, 'more line')}")
    lines.append(f"  {_harmless(finding.message)}")
    if finding.lock:
        lines.append(f"  lock: {finding.lock} on {_harmless(', '.join(finding.relations))}")
    if finding.remedy:
        lines.append(f"  hint: {_harmless(finding.remedy)}")
    return "\n".join(lines)
