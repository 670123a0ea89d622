"""SET GENERATED ALWAYS."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a column that is not of this release."""
    found = reading.changed(site, Change.SET_IDENTITY)
    if found is None:
        return
    table, said = found
    wanted = found[1].identity == "always"
    if wanted and not site.is_new_column(table, said.name):
        yield Violation(
            message=f"INSERTs that send {table.name}.{said.name} fail",
            remedy="set it in a release in which no running version sends the value",
        )


RULE = Rule(
    slug="set-generated-always",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="SET GENERATED ALWAYS",
    problem="INSERTs and UPDATEs of application versions that send the value fail.",
    postgres=(
        "A value that is sent is refused without OVERRIDING SYSTEM VALUE (428C9); ACCESS "
        "EXCLUSIVE for a moment (14 to 18)."
    ),
    instead="Set it in a release in which no running version sends the value.",
    allow="No running version relies on it.",
    on=(AlterTable,),
    check=check,
)
