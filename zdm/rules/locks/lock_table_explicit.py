"""LOCK TABLE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """LOCK of tables in use, in a mode that blocks writes."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.LOCK:
        return
    touch = next((t for t in site.on_used if t.lock.blocks_writes), None)
    if touch is not None:
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
