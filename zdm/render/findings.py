"""Findings as text: for each the place, the statement, the fact and the remedy."""

from collections.abc import Sequence

from zdm.model.findings import Finding


def render(findings: Sequence[Finding]) -> str:
    """All findings, in the order given, a blank line between them."""
    return "\n\n".join(_one(finding) for finding in findings)


def _one(finding: Finding) -> str:
    place = f"{finding.source}: " if finding.source else ""
    lines = [f"{place}{finding.severity} {finding.slug}"]
    lines += [f"  │ {line}" for line in finding.statement.strip().splitlines()]
    lines.append(f"  {finding.message}")
    if finding.remedy:
        lines.append(f"  hint: {finding.remedy}")
    return "\n".join(lines)
