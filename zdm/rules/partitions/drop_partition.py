"""DROP TABLE of a partition."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """DROP TABLE of a partition."""
    for name in reading.dropped(site, "table"):
        table = site.before.table(name)
        parent = table.partition_of if table is not None else None
        if parent is not None and not site.is_new(parent):
            yield Violation(
                message=f"all queries of {parent} wait until the transaction ends",
                remedy="DETACH PARTITION … CONCURRENTLY, outside of a transaction, then DROP"
                " TABLE",
            )


def fix(site: Site) -> Fix | None:
    """DETACH PARTITION CONCURRENTLY first, for a single partition."""
    names, fact = tuple(reading.dropped(site, "table")), site.fact
    table = site.before.table(names[0]) if len(names) == 1 else None
    parent = None if table is None else table.partition_of
    if table is None or parent is None or fact is None or fact.if_exists or fact.cascade:
        return None
    sql = site.action.statement.sql
    detach = f"DETACH PARTITION {edits.qualified(table.name)} CONCURRENTLY"
    return Fix(later=(f"ALTER TABLE {edits.qualified(parent)} {detach}", sql))


RULE = Rule(
    slug="drop-partition",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="DROP TABLE of a partition",
    problem="All queries of the partitioned table wait.",
    postgres=(
        "ACCESS EXCLUSIVE on the parent, too; DETACH CONCURRENTLY takes SHARE UPDATE "
        "EXCLUSIVE on it (14 to 18)."
    ),
    instead="DETACH PARTITION … CONCURRENTLY, then DROP TABLE.",
    allow="There is a DEFAULT partition, with which CONCURRENTLY fails.",
    on=(DropObjects,),
    check=check,
    fix=fix,
)
