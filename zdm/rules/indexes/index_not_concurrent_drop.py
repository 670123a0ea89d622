"""DROP INDEX without CONCURRENTLY."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.schema import Name, Table
from zdm.model.statement import ActionKind, Fact
from zdm.model.syntax import DropObjects, RenameObject
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """A drop that blocks reads, unless they wait for another statement of the transaction
    already."""
    fact = site.fact
    if fact is None or fact.concurrently:
        return
    for name in reading.dropped(site, "index"):
        table = reading.table_of_index(site, name)
        partitioned = reading.is_partitioned(table)
        if table is not None and _is_locked(site, table) and not _is_unique(table, name):
            continue
        if partitioned and reading.is_short(site):
            continue
        yield Violation(
            message=f"all queries of the table of {name} wait until the transaction ends",
            remedy="write DROP INDEX CONCURRENTLY, outside of a transaction"
            if not partitioned
            else "set a lock_timeout of at most a few seconds, in a transaction of its own: the"
            " index of a partitioned table cannot be dropped CONCURRENTLY",
        )


def _is_locked(site: Site, table: Table) -> bool:
    """Whether an earlier statement of the transaction, other than DROP INDEX, has locked it,
    or has given it its name."""
    if site.block is None:
        return False
    earlier = site.block.earlier
    renames = (done.action.said for done in earlier.saying(RenameObject))
    if any(_names(said, table) for said in renames):
        return True
    return any(
        touch.relation == table.name and touch.lock.blocks_reads
        for done in earlier.on(table.name)
        if not isinstance(done.action.fact, Fact)
        or done.action.fact.kind is not ActionKind.DROP_INDEX
        for touch in done.touches
    )


def _names(said: object, table: Table) -> bool:
    if not isinstance(said, RenameObject) or said.kind != "table" or said.part:
        return False
    return said.new_name == table.name.name


def _is_unique(table: Table, name: Name) -> bool:
    """Whether more than queries that wait is at stake: the application may rely on it."""
    return any(index.unique for index in table.indexes if index.name == name.name)


def fix(site: Site) -> Fix | None:
    """CONCURRENTLY, one by one."""
    said = site.action.said
    if not isinstance(said, DropObjects) or said.cascade:
        return None
    tables = (reading.table_of_index(site, n) for n in reading.dropped(site, "index"))
    if any(reading.is_partitioned(table) for table in tables):
        return None
    return edits.dropped_one_by_one(site)


RULE = Rule(
    slug="index-not-concurrent-drop",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="DROP INDEX without CONCURRENTLY",
    problem="All queries of the table wait until the transaction ends.",
    postgres="ACCESS EXCLUSIVE on the table of the index (14 to 18).",
    instead=(
        "DROP INDEX CONCURRENTLY, outside of a transaction; of a partitioned table, a short"
        " lock_timeout."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(DropObjects,),
    check=check,
    fix=fix,
)
