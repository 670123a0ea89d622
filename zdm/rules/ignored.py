"""Findings of one file with its ignores applied, and what is wrong with the ignores."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.findings import Severity
from zdm.model.rule import Rule
from zdm.model.statement import Source
from zdm.rules.ignores import Ignore
from zdm.rules.report import Level, Reported, Today

WITHOUT_REASON, EXPIRED = "ignore-without-reason", "ignore-expired"
UNUSED, UNKNOWN_RULE = "ignore-unused", "ignore-unknown-rule"
ABOUT_IGNORES = frozenset({WITHOUT_REASON, EXPIRED, UNUSED, UNKNOWN_RULE})


def applied(
    found: Sequence[Reported],
    marks: Sequence[Ignore],
    rules: Sequence[Rule],
    today: Today,
) -> list[Reported]:
    """All findings by place, those that an ignore covers with its reason."""
    if not found and not marks:
        return []
    covering = [m for m in marks if m.reason and not m.expired(today)]
    after = [_covered(finding, covering) for finding in found]
    by_slug = {rule.slug: rule for rule in rules}
    after += (f for mark in marks for f in _wrong(mark, found, by_slug, today))
    return sorted(after, key=lambda f: (f.source.line, f.source.column))


def of_file(rule: Rule, place: Source, message: str, remedy: str = "") -> Reported:
    """A finding that no statement has."""
    return Reported(
        rule=rule.slug,
        level=Level((rule.severity or Severity.ERROR).value),
        message=message,
        remedy=remedy or rule.instead,
        source=place,
    )


def _covered(finding: Reported, marks: Sequence[Ignore]) -> Reported:
    mark = next((m for m in marks if m.covers(finding.rule, finding.source)), None)
    return finding if mark is None else replace(finding, ignored=mark.reason)


def _wrong(
    mark: Ignore, found: Sequence[Reported], rules: dict[str, Rule], today: Today
) -> Iterator[Reported]:
    for slug, message in _faults(mark, found, frozenset(rules), today):
        if slug in rules:
            yield of_file(rules[slug], mark.source, message)


def _faults(
    mark: Ignore, found: Sequence[Reported], known: frozenset[str], today: Today
) -> Iterator[tuple[str, str]]:
    """The rule about ignores that it violates, and how."""
    if not mark.rules:
        yield UNKNOWN_RULE, "this ignore names no rule, so it covers nothing"
        return
    yield from _misnamed(mark, known)
    without_effect = _without_effect(mark, ", ".join(mark.rules), today)
    if without_effect is not None:
        yield without_effect
        return
    if mark.line is None:
        yield UNUSED, "the ignore is not directly above a statement, so it covers nothing"
        return
    for name in mark.rules:
        places = [f.source for f in found if f.rule == name]
        if name in known and not any(mark.covers(name, place) for place in places):
            yield UNUSED, f"nothing here is found by {name}, so the ignore has no effect"


def _misnamed(mark: Ignore, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name in mark.rules:
        if name in ABOUT_IGNORES:
            yield UNKNOWN_RULE, f"`{name}` cannot be ignored"
        elif name not in known:
            yield UNKNOWN_RULE, f"`{name}` is not a rule that is on, so nothing is ignored"


def _without_effect(mark: Ignore, named: str, today: Today) -> tuple[str, str] | None:
    if not mark.reason:
        return WITHOUT_REASON, f"the ignore of {named} has no reason, so it has no effect"
    if mark.bad_date:
        return EXPIRED, f"`{mark.bad_date}` is not a date, so the ignore has no effect"
    if mark.expired(today):
        return EXPIRED, f"the ignore of {named} ended on {mark.until}"
    return None
