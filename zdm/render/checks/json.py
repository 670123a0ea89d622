"""Findings as JSON, for other programs; `version` changes when a key changes its meaning."""

import json
from typing import Any

from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

VERSION = 1


def render(report: Report, _layout: Layout) -> str:
    """Everything, ignored findings and notes included."""
    levels = {f"{level}s": report.counted(level) for level in Level}
    data = {
        "version": VERSION,
        "files": report.files,
        "statements": report.statements,
        "understood": report.understood,
        **levels,
        "findings": [_one(finding) for finding in report.findings],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _one(finding: Reported) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "file": finding.source.file,
        "line": finding.source.line,
        "column": finding.source.column,
        "statement": finding.statement,
        "message": finding.message,
        "remedy": finding.remedy,
        "lock": finding.lock or None,
        "relations": list(finding.relations),
        "planned": finding.planned,
        "ignored": finding.ignored or None,
    }
