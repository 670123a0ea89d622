"""Findings that count for a whole file: the first one, which says how many more there are."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.rule import Rule
from zdm.rules.report import Reported


def counted(found: Sequence[Reported], rules: Sequence[Rule]) -> Iterator[Reported]:
    """The findings of one file; those that an ignore covers are kept as they are."""
    slugs = {rule.slug for rule in rules if rule.once}
    first: dict[str, Reported] = {}
    more: dict[str, list[str]] = {}
    for finding in found:
        if finding.rule in slugs and not finding.ignored:
            first.setdefault(finding.rule, finding)
            if finding is not first[finding.rule]:
                more.setdefault(finding.rule, []).append(finding.statement)
    for finding in found:
        if finding.rule not in first or finding.ignored:
            yield finding
        elif finding is first[finding.rule]:
            yield _with_count(finding, more.get(finding.rule, []))


def _with_count(finding: Reported, more: list[str]) -> Reported:
    if not more:
        return finding
    count = len(more)
    others = "so does 1 more statement" if count == 1 else f"so do {count} more statements"
    message = f"{finding.message}; {others} of this file"
    return replace(finding, message=message, others=(*finding.others, *more))
