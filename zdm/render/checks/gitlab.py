"""Findings as a code quality report of GitLab."""

import json
from typing import Any

from zdm.render import check_places
from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_SEVERITIES = {Level.ERROR: "major", Level.WARN: "minor", Level.NOTE: "info"}


def render(report: Report, _layout: Layout) -> str:
    """One entry for each finding that is not ignored."""
    shown = [finding for finding in report.findings if not finding.ignored]
    prints = check_places.fingerprints(shown)
    entries = [_one(f, key) for f, key in zip(shown, prints, strict=True)]
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def _one(finding: Reported, key: str) -> dict[str, Any]:
    return {
        "description": f"{finding.message}; {finding.remedy}",
        "check_name": finding.rule,
        "fingerprint": key,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": finding.source.file, "lines": {"begin": finding.source.line}},
    }
