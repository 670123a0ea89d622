"""ADD EXCLUDE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ADD EXCLUDE."""
    found = reading.added_constraint(site, "exclusion")
    if found is None:
        return
    yield Violation(
        message=f"its index is built while all queries of {found[0].name} wait, and there"
        " is no other way",
        remedy="use a new table, or ignore this for a small one, with a lock_timeout",
    )


RULE = Rule(
    slug="exclusion-constraint",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="ADD EXCLUDE",
    problem="All queries of the table wait while the index is built.",
    postgres=(
        "The index is built under ACCESS EXCLUSIVE; there is no concurrent way (14 to 18)."
    ),
    instead=(
        "Make a new table with the constraint and copy the rows, or accept the lock on a "
        "small table."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
)
