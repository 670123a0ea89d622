"""Findings as SARIF 2.1.0, within what GitHub code scanning takes: ignored ones, and those of
the baseline, are suppressed."""

import json
from typing import Any
from urllib.parse import quote

from zdm import __version__
from zdm.model.findings import Severity
from zdm.model.rule import Rule
from zdm.render import check_places
from zdm.render.layout import Layout
from zdm.rules import ALL
from zdm.rules.report import Level, Report, Reported

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARN: "warning", Level.NOTE: "note"}
MOST_RESULTS = 25_000  # GitHub refuses a file with more
_MOST_TEXT = 1_000  # characters of a description that GitHub shows


def render(report: Report, _layout: Layout) -> str:
    """One run with every finding, and the rules that they name."""
    prints = check_places.fingerprints(report.findings)
    pairs = _most(list(zip(report.findings, prints, strict=True)))
    slugs = sorted({finding.rule for finding, _ in pairs})
    known = {rule.slug: rule for rule in ALL}
    driver = {
        "name": "zdm",
        "version": __version__,
        "rules": [_rule(slug, known.get(slug)) for slug in slugs],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, slugs.index(f.rule), key) for f, key in pairs],
    }
    data = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _most(pairs: list[tuple[Reported, str]]) -> list[tuple[Reported, str]]:
    """In order; of too many, those that weigh most."""
    if len(pairs) <= MOST_RESULTS:
        return pairs
    return sorted(pairs, key=lambda pair: _weight(pair[0]))[:MOST_RESULTS]


def _weight(finding: Reported) -> tuple[bool, int]:
    """Heavy first."""
    return bool(finding.ignored), tuple(Level).index(finding.level)


def _rule(slug: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:  # a refusal of the planner
        return {"id": slug, "shortDescription": {"text": "Refused by zdm plan"}}
    level = Level((rule.severity or Severity.ERROR).value)
    return {
        "id": slug,
        "shortDescription": {"text": rule.title[:_MOST_TEXT]},
        "fullDescription": {"text": rule.problem[:_MOST_TEXT]},
        "help": {"text": f"{rule.problem}\n\n{rule.postgres}\n\n{rule.instead}"},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }


def _result(finding: Reported, index: int, key: str) -> dict[str, Any]:
    end_line, end_column = check_places.end(finding)
    region = {
        "startLine": finding.source.line,
        "startColumn": finding.source.column,
        "endLine": end_line,
        "endColumn": end_column,
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
        "partialFingerprints": {"primaryLocationLineHash": f"{key}:1"},
    }
    if finding.ignored:
        kind = "external" if finding.in_baseline else "inSource"
        result["suppressions"] = [{"kind": kind, "justification": finding.ignored}]
    return result
