"""ADD FOREIGN KEY that is validated at once."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import edits, reading

_SINCE = 18  # a partitioned table takes one that is NOT VALID
_OF_PARTITIONS = (
    "add it NOT VALID to each partition, VALIDATE it there, and then add it to the parent"
)


def check(site: Site) -> Iterator[Violation]:
    """ADD FOREIGN KEY that is validated at once."""
    found = reading.added_constraint(site, "foreign key")
    if found is None:
        return
    table, constraint = found
    if not constraint.not_valid and not constraint.not_enforced:
        yield Violation(
            message=f"the foreign key is checked for all rows of {table.name} while writes to"
            " both tables wait",
            remedy=_OF_PARTITIONS
            if table.kind == "partitioned table" and site.majors[0] < _SINCE
            else "write NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own",
        )


def fix(site: Site) -> Fix | None:
    """NOT VALID, then VALIDATE CONSTRAINT; a partitioned table takes none before 18."""
    found = reading.added_constraint(site, "foreign key")
    if found is None or found[0].kind == "partitioned table":
        return None
    return edits.not_valid(site, "foreign key")


RULE = Rule(
    slug="foreign-key-without-not-valid",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD FOREIGN KEY that is validated at once",
    problem="Writes to both tables wait while every row is looked up.",
    postgres=(
        "SHARE ROW EXCLUSIVE on both tables until the rows are checked; with NOT VALID it "
        "is held for a moment, and VALIDATE CONSTRAINT blocks neither reads nor writes (14 "
        "to 18)."
    ),
    instead=(
        "ADD FOREIGN KEY … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddConstraint,),
    check=check,
    fix=fix,
)
