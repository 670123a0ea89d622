"""ACCESS EXCLUSIVE on several tables in one transaction."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Locked, Planned, Rule, Site, Violation, above
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The statement that adds another table to those that the transaction has locked."""
    locks = tuple(touch.relation for touch in reading.exclusive(site))
    if not locks:
        return
    locked = site.block.locked if site.block is not None else Locked()
    now = {above(site.before, name) for name in locks}
    if now <= locked.roots:
        return
    there = [name for name in now if site.before.table(name) is not None]
    if len(there) + len(locked.there.ordered) < 2:
        return
    first, count = locked.there.with_others(there, reading.MOST_NAMED)
    if count > 1:
        yield Violation(
            message=f"queries of {reading.listed(first, count)} wait until one transaction"
            " ends",
            remedy="change one table in a transaction",
        )


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
