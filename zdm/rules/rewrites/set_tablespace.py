"""SET TABLESPACE."""

from collections.abc import Iterator

from zdm.model.commands import AlterRelation, AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The sub-commands by that name."""
    found = reading.changed(site, Change.SET_TABLESPACE)
    if found is not None:
        yield _found(found[0].name)
    said = site.action.said
    if isinstance(said, AlterRelation) and any(
        one.change is Change.SET_TABLESPACE for one in said.changes
    ):
        yield from (_found(touch.relation) for touch in site.on_used)


def _found(name: Name) -> Violation:
    return Violation(
        message=f"SET TABLESPACE writes all of {name} again while all its queries wait",
        remedy="copy the rows to a new table in batches, or move it in a maintenance window",
    )


RULE = Rule(
    slug="set-tablespace",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="SET TABLESPACE",
    problem="All queries of the table wait while it is written again or copied.",
    postgres="The files are copied under ACCESS EXCLUSIVE (14 to 18).",
    instead="copy the rows to a new table in batches, or move it in a maintenance window",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterTable, AlterRelation),
    check=check,
)
