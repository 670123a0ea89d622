"""FOREIGN KEY … NOT VALID of a partitioned table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddConstraint
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The referencing table is partitioned."""
    found = reading.added_constraint(site, "foreign key")
    if found is None or site.majors[0] > 17:
        return
    table, constraint = found
    if constraint.not_valid and table.kind == "partitioned table":
        yield Violation(
            message=f"{table.name} is partitioned, so NOT VALID fails (42809, up to 17)",
            remedy="add it NOT VALID to each partition, VALIDATE it there, and then add it to"
            f" {table.name}",
        )


RULE = Rule(
    slug="fk-not-valid-on-partitioned",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="FOREIGN KEY … NOT VALID of a partitioned table",
    problem="The migration fails.",
    postgres=(
        "A partitioned table takes no foreign key that is NOT VALID (42809; 14 to 17); "
        "one that points at a partitioned table is taken."
    ),
    instead=(
        "Add it NOT VALID to each partition and VALIDATE it there; ADD FOREIGN KEY to the"
        " parent then reads no row."
    ),
    allow="All servers run 18.",
    on=(AddConstraint,),
    check=check,
)
