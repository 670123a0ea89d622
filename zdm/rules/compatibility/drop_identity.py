"""DROP IDENTITY."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a column that is not of this release."""
    found = reading.changed(site, Change.DROP_IDENTITY)
    if found is None:
        return
    table, said = found
    if not site.is_new_column(table, said.name):
        yield Violation(
            message=f"INSERTs that do not send {table.name}.{said.name} fail",
            remedy="let the code send the value first, and drop it a release later",
        )


RULE = Rule(
    slug="drop-identity",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP IDENTITY",
    problem="INSERTs of application versions that rely on it fail.",
    postgres=(
        "The column is NOT NULL without a default from the commit on; ACCESS EXCLUSIVE "
        "for a moment (14 to 18)."
    ),
    instead="Let the code send the value first, and drop it a release later.",
    allow="No running version relies on it.",
    on=(AlterTable,),
    check=check,
)
