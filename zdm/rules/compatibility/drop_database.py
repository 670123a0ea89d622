"""DROP DATABASE."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """DROP DATABASE, the first of several alike."""
    said, sql = site.action.said, site.action.statement.sql.strip()
    if not isinstance(said, NoRelation) or said.statement != "DROP DATABASE":
        return
    if all(done.action.statement.sql.strip() != sql for done in site.done.saying(NoRelation)):
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
