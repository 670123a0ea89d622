"""ADD UNIQUE without USING INDEX."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """ADD UNIQUE without USING INDEX."""
    found = reading.added_constraint(site, "unique")
    if found is None:
        return
    table, constraint = found
    if not constraint.using_index:
        yield Violation(
            message=f"its index is built while all queries of {table.name} wait",
            remedy="CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING"
            " INDEX",
        )


def fix(site: Site) -> Fix | None:
    """A concurrent index of the same name first."""
    found = reading.added_constraint(site, "unique")
    return None if found is None else edits.key(site, *found)


RULE = Rule(
    slug="unique-constraint-builds-index",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD UNIQUE without USING INDEX",
    problem="All queries of the table wait while the index is built.",
    postgres="The index is built under ACCESS EXCLUSIVE (14 to 18).",
    instead="CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
    fix=fix,
)
