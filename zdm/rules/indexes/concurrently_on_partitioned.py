"""CREATE or DROP INDEX CONCURRENTLY on a partitioned table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.syntax import DropObjects, IndexDefinition
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A concurrent build or drop whose table is known to be partitioned."""
    said, fact = site.action.said, site.fact
    if fact is None or not fact.concurrently:
        return
    if isinstance(said, IndexDefinition):
        table = site.before.table(fact.table) if fact.table is not None else None
        remedy = (
            "CREATE INDEX ON ONLY the parent, build each partition's concurrently, and"
            " ALTER INDEX … ATTACH PARTITION"
        )
        yield from _fails(table, remedy)
    else:
        for name in reading.dropped(site, "index"):
            yield from _fails(
                reading.table_of_index(site, name),
                "DROP INDEX without CONCURRENTLY, with a lock_timeout of at most a few seconds",
            )


def _fails(table: Table | None, remedy: str) -> Iterator[Violation]:
    if table is not None and reading.is_partitioned(table):
        message = f"{table.name} is partitioned, so CONCURRENTLY fails"
        yield Violation(message=message, remedy=remedy)


RULE = Rule(
    slug="concurrently-on-partitioned",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="CREATE or DROP INDEX CONCURRENTLY on a partitioned table",
    problem="The migration fails.",
    postgres="CONCURRENTLY is not supported on a partitioned table (0A000; 14 to 18).",
    instead=(
        "CREATE INDEX ON ONLY the parent, build the index of each partition concurrently, "
        "and ALTER INDEX … ATTACH PARTITION. DROP INDEX with a short lock_timeout."
    ),
    allow="Never: it fails.",
    on=(IndexDefinition, DropObjects),
    check=check,
)
