"""DROP POLICY."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """DROP POLICY."""
    for name, table in reading.dropped_part(site, "policy"):
        yield Violation(
            message=f"which rows of {table} a role sees changes for every version without"
            f" {name}",
            remedy="create the policies that take its place in the same transaction",
        )


RULE = Rule(
    slug="drop-policy",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="DROP POLICY",
    problem=(
        "Rows appear or vanish for every version at once; without any policy left, all of"
        " them vanish."
    ),
    postgres=(
        "ACCESS EXCLUSIVE on the table; with row security and no policy, no row is "
        "visible (14 to 18)."
    ),
    instead="Create what takes its place in the same transaction, with a lock_timeout.",
    allow="Every running version works without it.",
    on=(DropObjects,),
    check=check,
)
