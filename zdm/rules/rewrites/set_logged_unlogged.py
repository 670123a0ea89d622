"""SET LOGGED or SET UNLOGGED."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """The sub-commands by that name."""
    found = reading.changed(site, Change.SET_LOGGED, Change.SET_UNLOGGED)
    if found is not None:
        table, said = found
        kept = {Change.SET_LOGGED: "permanent", Change.SET_UNLOGGED: "unlogged"}
        if not table.opaque and table.persistence == kept[said.change]:
            return
        yield Violation(
            message=f"{said.change.upper()} writes all of {table.name} again while all its"
            " queries wait",
            remedy="copy the rows to a new table in batches, and rename",
        )


RULE = Rule(
    slug="set-logged-unlogged",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="SET LOGGED or SET UNLOGGED",
    problem="All queries of the table wait while it is written again or copied.",
    postgres="The whole table is copied under ACCESS EXCLUSIVE (14 to 18).",
    instead="copy the rows to a new table in batches, and rename",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterTable,),
    check=check,
)
