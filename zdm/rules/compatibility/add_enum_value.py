"""ALTER TYPE … ADD VALUE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import ChangeEnum
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """ADD VALUE to a type that is not new."""
    said = site.action.said
    if not isinstance(said, ChangeEnum) or said.former:
        return
    name = reading.named(site, lookup.relation(said.words))
    if not site.is_new(name):
        yield Violation(
            message=f"application versions that do not know '{said.label}' may fail to read it",
            remedy="let no version write it before every running one reads it",
        )


RULE = Rule(
    slug="add-enum-value",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="ALTER TYPE … ADD VALUE",
    problem="Application versions that still run may fail to read the new value.",
    postgres=(
        "The value can be written as soon as the statement is committed; nothing is locked "
        "(14 to 18)."
    ),
    instead="Add it in a release whose code reads it, and write it a release later.",
    allow="Every running version reads unknown values.",
    on=(ChangeEnum,),
    check=check,
)
