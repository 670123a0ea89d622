"""DROP TRIGGER."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import DropObjects
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """DROP TRIGGER on a table in use."""
    said = site.action.said
    if not isinstance(said, DropObjects) or said.kind != "trigger":
        return
    for words in said.objects:
        table = reading.named(site, lookup.relation(words[:-1])) if len(words) > 1 else None
        if table is not None and not site.is_new(table):
            yield Violation(
                message=f"what the trigger {words[-1]} does for {table} ends for every version",
                remedy="drop it in a release in which no running version relies on it",
            )


RULE = Rule(
    slug="drop-trigger",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="DROP TRIGGER",
    problem="What the trigger did for every version ends at once.",
    postgres="ACCESS EXCLUSIVE on the table (14 to 18).",
    instead="Drop it in a release in which no running version relies on it.",
    allow="No running version relies on it.",
    on=(DropObjects,),
    check=check,
)
