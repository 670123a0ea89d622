"""DETACH PARTITION without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """DETACH that blocks reads."""
    found = reading.changed(site, Change.DETACH_PARTITION)
    if found is not None and not found[1].concurrently:
        yield Violation(
            message=f"all queries of {found[0].name} wait until the transaction ends",
            remedy="write DETACH PARTITION … CONCURRENTLY, outside of a transaction",
        )


RULE = Rule(
    slug="detach-partition-blocking",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="DETACH PARTITION without CONCURRENTLY",
    problem="All queries of the partitioned table wait until the transaction ends.",
    postgres=(
        "ACCESS EXCLUSIVE on parent and partition; CONCURRENTLY takes SHARE UPDATE "
        "EXCLUSIVE on the parent (14 to 18)."
    ),
    instead="DETACH PARTITION … CONCURRENTLY, outside of a transaction.",
    allow="There is a DEFAULT partition, with which CONCURRENTLY fails.",
    on=(AlterTable,),
    check=check,
)
