"""DROP INDEX CONCURRENTLY of several indexes, or with CASCADE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects


def check(site: Site) -> Iterator[Violation]:
    """More than one name, or CASCADE."""
    said, fact = site.action.said, site.fact
    if fact is None or not fact.concurrently or not isinstance(said, DropObjects):
        return
    if len(said.objects) > 1 or said.cascade:
        yield Violation(
            message="DROP INDEX CONCURRENTLY takes one index and no CASCADE, so it fails",
            remedy="write one statement for each index, without CASCADE",
        )


RULE = Rule(
    slug="concurrently-multi-or-cascade",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="DROP INDEX CONCURRENTLY of several indexes, or with CASCADE",
    problem="The migration fails.",
    postgres="DROP INDEX CONCURRENTLY takes one index and no CASCADE (0A000; 14 to 18).",
    instead="One statement for each index, without CASCADE.",
    allow="Never: it fails.",
    on=(DropObjects,),
    check=check,
)
