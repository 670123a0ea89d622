"""DROP RULE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """DROP RULE."""
    for name, table in reading.dropped_part(site, "rule"):
        yield Violation(
            message=f"queries of {table} are no longer rewritten by {name}, for every version",
            remedy="see that no running version relies on it, and set a short lock_timeout",
        )


RULE = Rule(
    slug="drop-rule",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="DROP RULE",
    problem="What the rule did for every version ends at once.",
    postgres="ACCESS EXCLUSIVE on the table (14 to 18).",
    instead="Drop it when no running version relies on it, with a lock_timeout.",
    allow="No running version relies on it.",
    on=(DropObjects,),
    check=check,
)
