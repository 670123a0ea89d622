"""ADD, DROP or ALTER ATTRIBUTE of a composite type."""

from collections.abc import Iterator

from zdm.model.commands import AlterRelation
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ADD, DROP or ALTER ATTRIBUTE of a composite type."""
    said = site.action.said
    if not isinstance(said, AlterRelation) or said.kind != "type":
        return
    name = reading.named(site, said.relation)
    if not site.is_new(name):
        yield Violation(
            message=f"application versions that read or write values of {name} find another"
            " row",
            remedy="make a new type, and a new column of it",
        )


RULE = Rule(
    slug="composite-attribute",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="ADD, DROP or ALTER ATTRIBUTE of a composite type",
    problem="Application versions that still run send and expect the old row.",
    postgres=(
        "The shape of every value changes at once; ALTER ATTRIBUTE TYPE is refused while "
        "a column uses the type, ADD and DROP change what queries return (14 to 18)."
    ),
    instead="A new type and a new column.",
    allow="No running version uses the type.",
    on=(AlterRelation,),
    check=check,
)
