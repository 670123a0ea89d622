"""CREATE RULE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """On a relation that is not new."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.CREATE_RULE:
        return
    for relation in said.relations:
        name = reading.named(site, relation)
        if not site.is_new(name):
            yield Violation(
                message=f"queries of {name} are rewritten for every version",
                remedy="use a trigger",
            )


RULE = Rule(
    slug="create-rule",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE RULE",
    problem="Queries of every version are rewritten from the commit on.",
    postgres="ACCESS EXCLUSIVE on the table (14 to 18).",
    instead="Use a trigger.",
    allow="Every running version works with it.",
    on=(WorkOn,),
    check=check,
)
