"""DROP INDEX CONCURRENTLY of several indexes, or with CASCADE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import edits


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


def fix(site: Site) -> Fix | None:
    """One by one; what CASCADE drops besides is for a person."""
    fact = site.fact
    return None if fact is None or fact.cascade else edits.dropped_one_by_one(site)


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
    fix=fix,
)
