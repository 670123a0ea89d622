"""ADD PRIMARY KEY without USING INDEX."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """ADD PRIMARY KEY without USING INDEX."""
    found = reading.added_constraint(site, "primary key")
    if found is None:
        return
    table, constraint = found
    if not constraint.using_index:
        yield Violation(
            message=f"its index is built while all queries of {table.name} wait",
            remedy="CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … PRIMARY KEY"
            " USING INDEX",
        )


def fix(site: Site) -> Fix | None:
    """A concurrent index of the same name first."""
    found = reading.added_constraint(site, "primary key")
    return None if found is None else edits.key(site, *found)


RULE = Rule(
    slug="primary-key-builds-index",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD PRIMARY KEY without USING INDEX",
    problem=(
        "All queries of the table wait while the index is built and the rows are read for NULL."
    ),
    postgres=(
        "The index is built under ACCESS EXCLUSIVE, and nullable columns are read (14 to 18)."
    ),
    instead=(
        "Make the columns NOT NULL by a validated CHECK, CREATE UNIQUE INDEX CONCURRENTLY, "
        "then ADD PRIMARY KEY USING INDEX."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
    fix=fix,
)
