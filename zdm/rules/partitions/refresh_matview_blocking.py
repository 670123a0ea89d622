"""REFRESH MATERIALIZED VIEW without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """REFRESH that blocks reads of a view that is not new."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.REFRESH or said.concurrently:
        return
    for relation in said.relations:
        name = reading.named(site, relation)
        if not site.is_new(name):
            yield Violation(
                message=f"all queries of {name} wait while it is filled",
                remedy="write REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique"
                " index",
            )


RULE = Rule(
    slug="refresh-matview-blocking",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="REFRESH MATERIALIZED VIEW without CONCURRENTLY",
    problem="All queries of the view wait while it is filled.",
    postgres=(
        "ACCESS EXCLUSIVE on the view; CONCURRENTLY takes EXCLUSIVE, which lets readers "
        "pass, and needs a unique index (14 to 18)."
    ),
    instead="REFRESH MATERIALIZED VIEW CONCURRENTLY.",
    allow="Nothing reads the view.",
    on=(WorkOn,),
    check=check,
)
