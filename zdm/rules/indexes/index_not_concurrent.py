"""CREATE INDEX without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """A build that blocks writes; a partitioned table cannot be built otherwise."""
    found = reading.built_index(site)
    if found is None or found[1].concurrently:
        return
    table, index = found
    if index.if_not_exists and any(i.name == index.name for i in table.indexes):
        return
    if table.kind == "partitioned table" and index.table.only:
        return
    yield Violation(
        message=f"writes to {table.name} wait while the index is built",
        remedy="write CREATE INDEX CONCURRENTLY, outside of a transaction"
        if table.kind != "partitioned table"
        else "CREATE INDEX ON ONLY the parent, build each partition's concurrently, and ALTER"
        " INDEX … ATTACH PARTITION",
    )


def fix(site: Site) -> Fix | None:
    """CONCURRENTLY; IF NOT EXISTS would keep an index that is INVALID."""
    found = reading.built_index(site)
    if found is None or found[0].kind == "partitioned table" or found[1].if_not_exists:
        return None
    return edits.concurrent(site, "INDEX")


RULE = Rule(
    slug="index-not-concurrent",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="CREATE INDEX without CONCURRENTLY",
    problem="Writes to the table wait while the index is built.",
    postgres=(
        "SHARE lock for the whole build; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE, which "
        "blocks neither reads nor writes (14 to 18)."
    ),
    instead="CREATE INDEX CONCURRENTLY, outside of a transaction.",
    allow="The table is small, and a lock_timeout is set.",
    on=(IndexDefinition,),
    check=check,
    fix=fix,
)
