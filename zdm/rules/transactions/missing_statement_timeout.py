"""A long statement without statement_timeout."""

from collections.abc import Iterator

from zdm.model.impact import YES
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A rewrite, build or scan of a table in use."""
    fact = site.fact
    validates = fact is not None and fact.kind is ActionKind.VALIDATE_CONSTRAINT
    if site.action.index or validates or reading.is_concurrent(site):
        return
    slow = [t for t in site.whole.touches if YES in (t.rewrites, t.builds, t.scans)]
    used = [t.relation for t in slow if not site.is_new(t.relation)]
    if used and site.action.statement.timeouts.statement is None:
        yield Violation(
            message=f"it goes through {used[0]} for as long as that takes",
            remedy="SET statement_timeout before it",
        )


RULE = Rule(
    slug="missing-statement-timeout",
    severity=None,
    planned=Planned.YES,
    title="A long statement without statement_timeout",
    problem="It runs on, with its locks, however long it takes.",
    postgres=(
        "statement_timeout ends it with 57014; what CONCURRENTLY leaves is then INVALID, "
        "and VALIDATE starts over (14 to 18)."
    ),
    instead=("SET statement_timeout before it; 0 for CONCURRENTLY and VALIDATE CONSTRAINT."),
    allow="The role or the server sets it.",
    check=check,
)
