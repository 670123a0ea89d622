"""RENAME COLUMN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """RENAME COLUMN."""
    said = site.action.said
    if not isinstance(said, RenameObject) or said.kind != "column":
        return
    name = reading.named(site, lookup.relation(said.words))
    table = site.before.table(name)
    new = table is not None and site.is_new_column(table, said.part)
    if not new and not site.is_new(name):
        yield Violation(
            message=f"application versions that still use {name}.{said.part} fail",
            remedy="add a column of the new name, keep both in sync, and drop the old one in a"
            " later release",
        )


RULE = Rule(
    slug="rename-column",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="RENAME COLUMN",
    problem="Queries of application versions that use the old name fail at once.",
    postgres="ACCESS EXCLUSIVE for a moment; the old name is gone with the commit (14 to 18).",
    instead=(
        "Give it the new name while the old one works, too, and remove the old one a "
        "release later; `zdm plan` does so."
    ),
    allow="No running version uses the old name.",
    on=(RenameObject,),
    check=check,
)
