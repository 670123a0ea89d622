"""ADD CHECK that is validated at once."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """ADD CHECK that is validated at once."""
    found = reading.added_constraint(site, "check")
    if found is None:
        return
    table, constraint = found
    if not constraint.not_valid and reading.on_table(site, table).scans.possible:
        yield Violation(
            message=f"the CHECK reads all rows of {table.name} while all its queries wait",
            remedy="write NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own",
        )


def fix(site: Site) -> Fix | None:
    """NOT VALID, then VALIDATE CONSTRAINT."""
    return edits.not_valid(site, "check")


RULE = Rule(
    slug="check-constraint-without-not-valid",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD CHECK that is validated at once",
    problem="All queries of the table wait while every row is read.",
    postgres=(
        "The rows are read under ACCESS EXCLUSIVE; with NOT VALID none is, and VALIDATE "
        "CONSTRAINT takes SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes (14 "
        "to 18)."
    ),
    instead=(
        "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
    fix=fix,
)
