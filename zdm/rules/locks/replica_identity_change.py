"""REPLICA IDENTITY."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a table that is not new."""
    found = reading.changed(site, Change.REPLICA_IDENTITY)
    if found is not None:
        yield Violation(
            message=f"subscribers find rows of {found[0].name} in another way from here on",
            remedy="check every subscriber first, and build the new index before",
        )


RULE = Rule(
    slug="replica-identity-change",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="REPLICA IDENTITY",
    problem="UPDATE and DELETE of a published table fail if the identity has no key.",
    postgres="ACCESS EXCLUSIVE for a moment; subscribers find rows by it (14 to 18).",
    instead="Build the new index first.",
    allow="No subscriber uses the table.",
    on=(AlterTable,),
    check=check,
)
