"""DROP … CASCADE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AlterColumn, DropObjects
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """CASCADE of anything that is not new."""
    said, fact = site.action.said, site.fact
    if isinstance(said, DropObjects):
        cascades = said.cascade and any(reading.dropped(site, said.kind))
    else:
        column = isinstance(said, AlterColumn) and fact is not None and fact.cascade
        cascades = column and site.in_use() is not None
    if cascades:
        yield Violation(
            message="CASCADE also drops what depends on it, which is not listed here",
            remedy="drop the dependents by name first, and leave out CASCADE",
        )


RULE = Rule(
    slug="drop-with-cascade",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="DROP … CASCADE",
    problem="Views, foreign keys, policies and whatever else depends on it go along unseen.",
    postgres=(
        "CASCADE drops all dependents, each under ACCESS EXCLUSIVE on its table (14 to 18)."
    ),
    instead="Drop the dependents by name first.",
    allow="The list of dependents was read from the production database.",
    on=(AlterColumn, DropObjects),
    check=check,
)
