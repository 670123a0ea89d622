"""DROP SEQUENCE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """DROP SEQUENCE, of what is not new."""
    for name in reading.dropped(site, "sequence"):
        yield Violation(
            message=f"application versions that still use the sequence {name} fail",
            remedy="drop it in a release in which no running version uses it",
        )


RULE = Rule(
    slug="drop-sequence",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP SEQUENCE",
    problem="Queries of application versions that still run fail.",
    postgres="ACCESS EXCLUSIVE on it; it is gone with the commit (14 to 18).",
    instead=(
        "Drop it in a release in which no running version uses it; `zdm plan` does so in "
        "the contract."
    ),
    allow="No running version uses it.",
    on=(DropObjects,),
    check=check,
)
