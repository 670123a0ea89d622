"""ACCESS EXCLUSIVE on several tables in one transaction."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The statement that adds another table to those that the transaction has locked."""
    now = {_root(site, t.relation) for t in reading.exclusive(site)}
    if not now:
        return
    locked = site.block.earlier.held if site.block is not None else ()
    held = {_root(site, name) for name in locked}
    if now <= held:
        return
    tables = sorted(n for n in held | now if site.before.table(n) is not None)
    if len(tables) > 1:
        yield Violation(
            message=f"queries of {reading.listed(tables)} wait until one transaction ends",
            remedy="change one table in a transaction",
        )


def _root(site: Site, name: Name) -> Name:
    """The partitioned table above it, at the top."""
    table = site.before.table(name)
    while table is not None and table.partition_of is not None:
        name = table.partition_of
        table = site.before.table(name)
    return name


RULE = Rule(
    slug="multiple-access-exclusive-tables",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ACCESS EXCLUSIVE on several tables in one transaction",
    problem=(
        "Queries of all of them wait until the transaction ends, and two such transactions "
        "deadlock."
    ),
    postgres=(
        "Locks are held until the end of the transaction, and taken in the order of the "
        "statements (14 to 18)."
    ),
    instead="One transaction for each table.",
    allow="Nothing uses the tables.",
    check=check,
)
