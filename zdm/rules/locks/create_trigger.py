"""CREATE TRIGGER on a table in use."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateTrigger
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """CREATE TRIGGER on a table that is not new."""
    said = site.action.said
    if not isinstance(said, CreateTrigger):
        return
    table = reading.named(site, said.table)
    if not site.is_new(table):
        yield Violation(
            message=f"writes to {table} run {said.name} for every version, from here on",
            remedy="make sure that every running version works with it",
        )


RULE = Rule(
    slug="create-trigger",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE TRIGGER on a table in use",
    problem="Writes of every version cause what the trigger does, from the commit on.",
    postgres="SHARE ROW EXCLUSIVE on the table: writes wait, reads do not (14 to 18).",
    instead="Create it when every running version works with it, with a lock_timeout.",
    allow="Every running version works with it.",
    on=(CreateTrigger,),
    check=check,
)
