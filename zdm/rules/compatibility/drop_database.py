"""DROP DATABASE."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """DROP DATABASE."""
    said = site.action.said
    if isinstance(said, NoRelation) and said.statement == "DROP DATABASE":
        yield Violation(
            message="all data of the database is lost",
            remedy="remove it; drop databases by hand",
        )


RULE = Rule(
    slug="drop-database",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="DROP DATABASE",
    problem="All data is lost.",
    postgres="It cannot be undone, and cannot run in a transaction (14 to 18).",
    instead="Never in a migration.",
    allow="Never.",
    on=(NoRelation,),
    check=check,
)
