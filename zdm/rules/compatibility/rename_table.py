"""RENAME of a table."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """RENAME of a table."""
    said, table = site.action.said, site.in_use()
    if not isinstance(said, RenameObject) or said.kind not in ("table",):
        return
    if table is not None and not reading.is_index(site, table.name):
        yield Violation(
            message=f"application versions that still use {table.name} fail",
            remedy="rename it and create a view of the old name in one transaction, and drop"
            " the"
            " view in a later release",
        )


RULE = Rule(
    slug="rename-table",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="RENAME of a table",
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
