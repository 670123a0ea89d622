"""Findings for a person: place, statement, fact, lock, remedy and the SQL to write instead;
notes are only counted."""

import textwrap
from collections.abc import Iterator

from zdm.render import fixed_sql
from zdm.render.checks_summary import counted, summary
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_MOST_LINES = 6  # of a statement
_COLOURS = {Level.ERROR: "\033[1;31m", Level.WARN: "\033[1;33m", Level.NOTE: "\033[1m"}
_DIM, _PLAIN = "\033[2m", "\033[0m"


def render(report: Report, layout: Layout) -> str:
    """Errors and warnings in order, then what was read."""
    shown = [f for f in report.findings if not f.ignored and f.level is not Level.NOTE]
    blocks = []
    last: Reported | None = None
    for finding in shown:
        same = last is not None and (last.source, last.statement) == (
            finding.source,
            finding.statement,
        )
        blocks.append("\n".join(_one(finding, layout, quoted=not same)))
        last = finding
    return "\n\n".join([*blocks, summary(report)]) + "\n"


def _harmless(text: str) -> str:
    """A migration's text must not control the terminal of its reader."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _one(finding: Reported, layout: Layout, *, quoted: bool) -> Iterator[str]:
    bold, plain = (_COLOURS[finding.level], _PLAIN) if layout.colour else ("", "")
    yield f"{_harmless(str(finding.source))}: {bold}{finding.level}{plain} {finding.rule}"
    if quoted and finding.statement:
        yield from _statement(finding, layout)
    yield from _wrapped("", finding.message, layout)
    if quoted and finding.lock:
        yield from _wrapped("lock: ", f"{finding.lock} on {_relations(finding)}", layout)
    if finding.remedy:
        yield from _wrapped("hint: ", finding.remedy, layout)
    fixed = fixed_sql.news(finding)
    if fixed:
        yield "  fix:"
        yield from (f"    {_harmless(line)}" for line in fixed)


def _relations(finding: Reported) -> str:
    return ", ".join(dict.fromkeys(finding.relations))


def _statement(finding: Reported, layout: Layout) -> Iterator[str]:
    """With the numbers of its lines."""
    dim, plain = (_DIM, _PLAIN) if layout.colour else ("", "")
    lines = _harmless(finding.statement).split("\n")
    first = finding.source.line
    width = len(str(first + min(len(lines), _MOST_LINES) - 1))
    for number, line in enumerate(lines[:_MOST_LINES], first):
        yield f"  {dim}{number:>{width}} │{plain} {line.rstrip()}".rstrip()
    if len(lines) > _MOST_LINES:
        more = counted(len(lines) - _MOST_LINES, "more line")
        yield f"  {' ' * width} │ … {more}"


def _wrapped(label: str, text: str, layout: Layout) -> list[str]:
    line, width = f"{label}{_harmless(text)}", max(layout.width, 40)
    if line and line.isprintable() and len(line) + 2 <= width:
        return [f"  {line}".rstrip()]
    return textwrap.wrap(
        line,
        width,
        initial_indent="  ",
        subsequent_indent="  " + " " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
