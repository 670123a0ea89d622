"""REVOKE."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """REVOKE."""
    said = site.action.said
    if isinstance(said, WorkOn):
        names = [reading.named(site, relation) for relation in said.relations]
        revokes = said.revokes and not (names and all(site.is_new(name) for name in names))
    else:
        revokes = isinstance(said, NoRelation) and said.statement == "REVOKE"
    if revokes:
        yield Violation(
            message="application versions that still use the right fail",
            remedy="revoke it in a release in which no running version uses it",
        )


RULE = Rule(
    slug="revoke",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="REVOKE",
    problem="Queries of application versions that use the right fail at once.",
    postgres="The right is gone with the commit (42501; 14 to 18).",
    instead="Revoke it in a release in which no running version uses it.",
    allow="No running version uses it.",
    on=(
        NoRelation,
        WorkOn,
    ),
    check=check,
)
