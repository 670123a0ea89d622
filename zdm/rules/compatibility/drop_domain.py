"""DROP DOMAIN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A domain that is not new."""
    said = site.action.said
    if not isinstance(said, DropObjects) or not said.domain:
        return
    for name in reading.dropped(site, "type"):
        yield Violation(
            message=f"application versions that still use the domain {name} fail",
            remedy="drop it in a release in which no running version uses it",
        )


RULE = Rule(
    slug="drop-domain",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP DOMAIN",
    problem="Casts and functions of application versions that still run fail.",
    postgres=(
        "It is refused while a column uses the domain; with CASCADE the columns are "
        "dropped, under ACCESS EXCLUSIVE on their tables (14 to 18)."
    ),
    instead=(
        "Drop it in a release in which no running version uses it; `zdm plan` does so in "
        "the contract."
    ),
    allow="No running version uses it.",
    on=(DropObjects,),
    check=check,
)
