"""REINDEX without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.commands import WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.rules import edits


def check(site: Site) -> Iterator[Violation]:
    """Any REINDEX that blocks."""
    said = site.action.said
    if not isinstance(said, WorkOn) or not said.work.startswith("reindex"):
        return
    if not said.concurrently:
        yield Violation(
            message=f"{said.work.upper()} blocks writes, and queries that use the index, until"
            " it is built",
            remedy="write REINDEX … CONCURRENTLY, outside of a transaction",
        )


def fix(site: Site) -> Fix | None:
    """CONCURRENTLY, which the system catalogs cannot have."""
    said = site.action.said
    if not isinstance(said, WorkOn) or not said.relations:
        return None
    return edits.concurrent(site, "TABLE", "INDEX")


RULE = Rule(
    slug="reindex-not-concurrent",
    severity=Severity.ERROR,
    planned=Planned.REFUSED,
    title="REINDEX without CONCURRENTLY",
    problem="Writes to the table wait, and queries that use the index.",
    postgres="SHARE on the table and ACCESS EXCLUSIVE on the index (14 to 18).",
    instead="REINDEX … CONCURRENTLY, outside of a transaction.",
    allow="The table is small, and a lock_timeout is set.",
    on=(WorkOn,),
    check=check,
    fix=fix,
)
