"""Findings as JSON, for other programs: docs/reference/check.schema.json describes it.
`version` changes when a key goes or changes its meaning."""

import json
from typing import Any

from zdm.render import check_places, fixed_sql
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

VERSION = 1


def render(report: Report, _layout: Layout) -> str:
    """Everything, ignored findings and notes included."""
    levels = {f"{level}s": report.counted(level) for level in Level}
    prints = check_places.fingerprints(report.findings)
    data = {
        "version": VERSION,
        "files": report.files,
        "statements": report.statements,
        "understood": report.understood,
        **levels,
        "findings": [_one(f, key) for f, key in zip(report.findings, prints, strict=True)],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _one(finding: Reported, key: str) -> dict[str, Any]:
    end_line, end_column = check_places.end(finding)
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "file": finding.source.file,
        "line": finding.source.line,
        "column": finding.source.column,
        "end_line": end_line,
        "end_column": end_column,
        "fingerprint": key,
        "statement": finding.statement,
        "message": finding.message,
        "remedy": finding.remedy,
        "fix": list(fixed_sql.lines(finding)) if finding.fix is not None else None,
        "lock": finding.lock or None,
        "relations": list(finding.relations),
        "planned": finding.planned,
        "ignored": finding.ignored or None,
        "in_baseline": finding.in_baseline,
    }
