"""ALTER CONSTRAINT … ENFORCED."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ENFORCED of a constraint of a table in use."""
    found = reading.changed(site, Change.ALTER_CONSTRAINT)
    if found is not None and found[1].enforced:
        yield Violation(
            message=f"all rows of {found[0].name} are checked while writes wait",
            remedy="DROP CONSTRAINT, ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT",
        )


RULE = Rule(
    slug="alter-constraint-enforced",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ALTER CONSTRAINT … ENFORCED",
    problem="Writes wait while every row is checked.",
    postgres="A constraint that becomes ENFORCED is validated at once under its lock (18).",
    instead="DROP CONSTRAINT, ADD CONSTRAINT … NOT VALID, VALIDATE CONSTRAINT.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterTable,),
    check=check,
)
