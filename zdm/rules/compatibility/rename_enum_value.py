"""ALTER TYPE … RENAME VALUE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import ChangeEnum
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """RENAME VALUE of a type that is not new."""
    said = site.action.said
    if not isinstance(said, ChangeEnum) or not said.former:
        return
    name = reading.named(site, lookup.relation(said.words))
    if not site.is_new(name):
        yield Violation(
            message=f"application versions that write '{said.former}' fail, and readers find"
            f" '{said.label}'",
            remedy="add the new value, and change rows and code in later releases",
        )


RULE = Rule(
    slug="rename-enum-value",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="ALTER TYPE … RENAME VALUE",
    problem=(
        "Application versions that write the old value fail, and those that read it find "
        "another."
    ),
    postgres="The label changes for all rows at once (14 to 18).",
    instead="Use a new type and a new column.",
    allow="No running version knows the value.",
    on=(ChangeEnum,),
    check=check,
)
