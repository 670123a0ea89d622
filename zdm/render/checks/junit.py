"""Findings as JUnit XML: one test case for each file and rule that was violated."""

import re
from xml.sax.saxutils import escape, quoteattr

from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, _layout: Layout) -> str:
    """A suite whose failures are the errors; with none, one case that passed."""
    shown = [finding for finding in report.findings if not finding.ignored]
    failures = sum(1 for finding in shown if finding.level is Level.ERROR)
    cases = [_case(finding) for finding in shown] or [
        '    <testcase classname="zdm" name="check"/>\n'
    ]
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites>\n  <testsuite name="zdm check" {counts}>\n'
        f"{''.join(cases)}  </testsuite>\n</testsuites>\n"
    )


def _case(finding: Reported) -> str:
    name = _attribute(f"{finding.rule} at {finding.source}")
    head = f"    <testcase classname={_attribute(finding.source.file)} name={name}"
    text = escape(_clean(f"{finding.message}\n{finding.remedy}\n{finding.statement}"))
    if finding.level is not Level.ERROR:
        return f"{head}>\n      <system-out>{text}</system-out>\n    </testcase>\n"
    message = _attribute(finding.message)
    kind = _attribute(finding.rule)
    return (
        f"{head}>\n      <failure message={message} type={kind}>{text}</failure>\n"
        "    </testcase>\n"
    )


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
