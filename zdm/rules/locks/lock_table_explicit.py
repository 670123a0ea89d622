"""LOCK TABLE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """LOCK of tables in use."""
    said = site.action.said
    if isinstance(said, WorkOn) and said.work is Work.LOCK and site.on_used:
        touch = site.on_used[0]
        yield Violation(
            message=f"{touch.relation} is locked ({touch.lock}) until the transaction ends",
            remedy="leave it out, or take the weakest mode that suffices",
        )


RULE = Rule(
    slug="lock-table-explicit",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="LOCK TABLE",
    problem="All queries of the table wait until the transaction ends.",
    postgres="Without IN … MODE it is ACCESS EXCLUSIVE (14 to 18).",
    instead="Take the weakest mode that suffices, with a lock_timeout, on one table.",
    allow="The weakest mode is taken, for a moment.",
    on=(WorkOn,),
    check=check,
)
