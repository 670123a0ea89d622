"""Findings as a code quality report of GitLab."""

import hashlib
import json
from collections import Counter
from typing import Any

from zdm.render.layout import Layout
from zdm.rules.report import Level, Report, Reported

_SEVERITIES = {Level.ERROR: "major", Level.WARN: "minor", Level.NOTE: "info"}


def render(report: Report, _layout: Layout) -> str:
    """One entry for each finding that is not ignored."""
    seen: Counter[str] = Counter()
    entries = []
    for finding in report.findings:
        if not finding.ignored:
            key = f"{finding.rule}\0{finding.source.file}\0{finding.statement}"
            entries.append(_one(finding, f"{key}\0{seen[key]}"))
            seen[key] += 1
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def _one(finding: Reported, key: str) -> dict[str, Any]:
    return {
        "description": f"{finding.message}; {finding.remedy}",
        "check_name": finding.rule,
        "fingerprint": hashlib.sha256(key.encode()).hexdigest(),
        "severity": _SEVERITIES[finding.level],
        "location": {"path": finding.source.file, "lines": {"begin": finding.source.line}},
    }
