"""CREATE INDEX CONCURRENTLY IF NOT EXISTS."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition


def check(site: Site) -> Iterator[Violation]:
    """Both words in one statement."""
    said = site.action.said
    if isinstance(said, IndexDefinition) and said.concurrently and said.if_not_exists:
        yield Violation(
            message="if an earlier attempt was cancelled, its INVALID index is kept, and no"
            " query uses it",
            remedy="DROP INDEX CONCURRENTLY IF EXISTS first, and write it without IF NOT"
            " EXISTS",
        )


RULE = Rule(
    slug="cic-if-not-exists-masks-invalid",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="CREATE INDEX CONCURRENTLY IF NOT EXISTS",
    problem="An INVALID index of an earlier attempt is kept, and no query uses it.",
    postgres=(
        "A build that was cancelled leaves an INVALID index with the name, which IF NOT "
        "EXISTS accepts (14 to 18)."
    ),
    instead="DROP INDEX CONCURRENTLY IF EXISTS, then CREATE INDEX CONCURRENTLY.",
    allow="The index is checked for validity afterwards.",
    on=(IndexDefinition,),
    check=check,
)
