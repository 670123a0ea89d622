"""ALTER DATABASE."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """ALTER DATABASE."""
    said = site.action.said
    if isinstance(said, NoRelation) and said.statement == "ALTER DATABASE":
        yield Violation(
            message="new connections behave otherwise from here on, and open ones do not",
            remedy="do it outside of migrations",
        )


RULE = Rule(
    slug="alter-database",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="ALTER DATABASE",
    problem="Connections behave in two ways until all are closed.",
    postgres="Settings of a database hold for new sessions (14 to 18).",
    instead="Outside of migrations, with the tools that set up the server.",
    allow="The migration is the tool that sets up the server.",
    on=(NoRelation,),
    check=check,
)
