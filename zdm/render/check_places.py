"""Where a finding ends, and what identifies it wherever its statement moves."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from zdm.rules.report import Reported


def end(finding: Reported) -> tuple[int, int]:
    """The line and column behind its statement."""
    lines = finding.statement.split("\n")
    place = finding.source
    column = len(lines[-1]) + (place.column if len(lines) == 1 else 1)
    return place.line + len(lines) - 1, column


def fingerprints(findings: Iterable[Reported]) -> tuple[str, ...]:
    """One for each, all different, that does not change with lines."""
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        key = f"{finding.rule}\0{finding.source.file}\0{finding.statement}"
        found.append(hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest())
        seen[key] += 1
    return tuple(found)
