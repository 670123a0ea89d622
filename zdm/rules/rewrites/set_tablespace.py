"""SET TABLESPACE."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The sub-commands by that name."""
    found = reading.changed(site, Change.SET_TABLESPACE)
    if found is not None:
        table, said = found
        yield Violation(
            message=f"{said.change.upper()} writes all of {table.name} again while all its"
            " queries wait",
            remedy="copy the rows to a new table in batches, or move it in a maintenance"
            " window",
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
    on=(AlterTable,),
    check=check,
)
