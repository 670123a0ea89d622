"""ALTER DOMAIN that checks rows."""

from collections.abc import Iterator

from zdm.model.commands import AlterDomain
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """Sub-commands that read rows, of a domain that is not new."""
    said = site.action.said
    if not isinstance(said, AlterDomain) or not said.checks:
        return
    name = reading.named(site, lookup.relation(said.words))
    if not site.is_new(name):
        yield Violation(
            message=f"writes to all tables that use {name} wait while their rows are read",
            remedy="write ADD CONSTRAINT … NOT VALID, or use a CHECK of the table",
        )


RULE = Rule(
    slug="domain-constraint",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ALTER DOMAIN that checks rows",
    problem="Writes to every table that uses the domain wait while its rows are read.",
    postgres="SHARE on all these tables until their rows are read (14 to 18).",
    instead="ADD CONSTRAINT … NOT VALID, or a CHECK on the table.",
    allow="Few rows use the domain.",
    on=(AlterDomain,),
    check=check,
)
