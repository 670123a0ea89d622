"""Findings as SARIF 2.1.0, as GitHub code scanning takes them: ignored ones are suppressed."""

import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from zdm import __version__
from zdm.model.rule import Rule
from zdm.render.layout import Layout
from zdm.rules import ALL
from zdm.rules.report import Level, Report, Reported

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARN: "warning", Level.NOTE: "note"}


def render(report: Report, _layout: Layout) -> str:
    """One run with every finding, and the rules that they name."""
    slugs = sorted({finding.rule for finding in report.findings})
    known = {rule.slug: rule for rule in ALL}
    seen: Counter[str] = Counter()
    results = []
    for finding in report.findings:
        key = f"{finding.rule}\0{finding.source.file}\0{finding.statement}"
        results.append(_result(finding, slugs.index(finding.rule), f"{key}\0{seen[key]}"))
        seen[key] += 1
    driver = {
        "name": "zdm",
        "version": __version__,
        "rules": [_rule(slug, known.get(slug)) for slug in slugs],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    data = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _rule(slug: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:  # a refusal of the planner
        return {"id": slug, "shortDescription": {"text": "Refused by zdm plan"}}
    return {
        "id": slug,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.problem},
        "help": {"text": f"{rule.problem}\n\n{rule.postgres}\n\n{rule.instead}"},
    }


def _result(finding: Reported, index: int, key: str) -> dict[str, Any]:
    lines = finding.statement.split("\n")
    region = {
        "startLine": finding.source.line,
        "startColumn": finding.source.column,
        "endLine": finding.source.line + len(lines) - 1,
        "endColumn": len(lines[-1]) + (finding.source.column if len(lines) == 1 else 1),
    }
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": f"{finding.message}\n{finding.remedy}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.source.file)},
                    "region": region,
                }
            }
        ],
        "partialFingerprints": {"zdm/v1": hashlib.sha256(key.encode()).hexdigest()},
    }
    if finding.ignored:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.ignored}]
    return result
