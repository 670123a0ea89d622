"""ENABLE or DISABLE TRIGGER."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a table that is not new."""
    found = reading.changed(site, Change.TRIGGER)
    if found is not None:
        yield Violation(
            message=f"what triggers of {found[0].name} do changes for every version",
            remedy="make sure that every running version works with it",
        )


RULE = Rule(
    slug="enable-disable-trigger",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="ENABLE or DISABLE TRIGGER",
    problem=(
        "What the trigger does begins or ends for every version; DISABLE TRIGGER ALL also "
        "ends checks of foreign keys."
    ),
    postgres="SHARE ROW EXCLUSIVE on the table (14 to 18).",
    instead="Leave it out, or make sure that every running version works with it.",
    allow="Every running version works with it.",
    on=(AlterTable,),
    check=check,
)
