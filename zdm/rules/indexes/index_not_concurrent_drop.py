"""DROP INDEX without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import DropObjects
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """A drop that blocks reads."""
    fact = site.fact
    if fact is None or fact.kind is not ActionKind.DROP_INDEX or fact.concurrently:
        return
    for name in reading.dropped(site, "index"):
        yield Violation(
            message=f"all queries of the table of {name} wait until the transaction ends",
            remedy="write DROP INDEX CONCURRENTLY, outside of a transaction",
        )


def fix(site: Site) -> Fix | None:
    """CONCURRENTLY, one by one."""
    fact = site.fact
    return None if fact is None or fact.cascade else edits.dropped_one_by_one(site)


RULE = Rule(
    slug="index-not-concurrent-drop",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="DROP INDEX without CONCURRENTLY",
    problem="All queries of the table wait until the transaction ends.",
    postgres="ACCESS EXCLUSIVE on the table of the index (14 to 18).",
    instead="DROP INDEX CONCURRENTLY, outside of a transaction.",
    allow="The table is small, and a lock_timeout is set.",
    on=(DropObjects,),
    check=check,
    fix=fix,
)
