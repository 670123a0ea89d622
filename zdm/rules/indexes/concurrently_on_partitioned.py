"""CREATE INDEX CONCURRENTLY on a partitioned table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition


def check(site: Site) -> Iterator[Violation]:
    """A concurrent build whose table is known to be partitioned."""
    said, fact = site.action.said, site.fact
    if not isinstance(said, IndexDefinition) or not said.concurrently or fact is None:
        return
    table = site.before.table(fact.table) if fact.table is not None else None
    if table is not None and table.kind == "partitioned table":
        yield Violation(
            message=f"{table.name} is partitioned, so CONCURRENTLY fails",
            remedy="CREATE INDEX ON ONLY the parent, build each partition's concurrently, and"
            " ALTER INDEX … ATTACH PARTITION",
        )


RULE = Rule(
    slug="concurrently-on-partitioned",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="CREATE INDEX CONCURRENTLY on a partitioned table",
    problem="The migration fails.",
    postgres="CONCURRENTLY is not supported on a partitioned table (0A000; 14 to 18).",
    instead=(
        "CREATE INDEX ON ONLY the parent, build the index of each partition concurrently, "
        "and ALTER INDEX … ATTACH PARTITION."
    ),
    allow="Never: it fails.",
    on=(IndexDefinition,),
    check=check,
)
