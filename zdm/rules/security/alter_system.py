"""ALTER SYSTEM."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """ALTER SYSTEM."""
    said = site.action.said
    if isinstance(said, NoRelation) and said.statement == "ALTER SYSTEM":
        yield Violation(
            message="it changes the whole server, for every database",
            remedy="do it outside of migrations",
        )


RULE = Rule(
    slug="alter-system",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="ALTER SYSTEM",
    problem="Every database of the server is changed.",
    postgres=(
        "It writes postgresql.auto.conf, which is read at the next reload or start; it "
        "cannot run in a transaction (14 to 18)."
    ),
    instead="Outside of migrations, with the tools that set up the server.",
    allow="The migration is the tool that sets up the server.",
    on=(NoRelation,),
    check=check,
)
