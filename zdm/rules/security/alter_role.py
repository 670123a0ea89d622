"""ALTER ROLE and DROP ROLE."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """ALTER ROLE and DROP ROLE."""
    said = site.action.said
    if isinstance(said, NoRelation) and said.statement in ("ALTER ROLE", "DROP ROLE"):
        yield Violation(
            message="the role is the same in every database of the server, and sessions get"
            " its settings",
            remedy="do it outside of migrations",
        )


RULE = Rule(
    slug="alter-role",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="ALTER ROLE and DROP ROLE",
    problem="Other databases and applications that use the role are changed, too.",
    postgres=("Roles belong to the whole server; settings hold for new sessions (14 to 18)."),
    instead="Outside of migrations, with the tools that set up the server.",
    allow="Only this application uses the role.",
    on=(NoRelation,),
    check=check,
)
