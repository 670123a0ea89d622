"""A lock_timeout that is off or long."""

from collections.abc import Iterator
from datetime import timedelta

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """Once for each statement whose lock blocks writes to what is in use."""
    limit, most = site.action.statement.timeouts.lock, site.lock_timeout_limit
    if site.action.index or limit is None or timedelta(0) < limit <= most:
        return
    if reading.is_concurrent(site):
        return
    for touch in site.whole.touches:
        if touch.lock.blocks_writes and not site.is_new(touch.relation):
            waits = "without a limit" if not limit else f"for {limit.total_seconds():g}s"
            yield Violation(
                message=f"it may wait {waits} for {touch.lock} on {touch.relation}, and all"
                " later queries wait behind it",
                remedy=f"set lock_timeout to at most {most.total_seconds():g}s",
            )
            return


def fix(site: Site) -> Fix | None:
    """A short one just before the statement."""
    return edits.with_lock_timeout(site)


RULE = Rule(
    slug="lock-timeout-too-long",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="A lock_timeout that is off or long",
    problem=(
        "While the statement waits for its lock, every later query of the table waits "
        "behind it."
    ),
    postgres="0 means no limit (14 to 18).",
    instead="Set it to a few seconds, and try again when it ends with 55P03.",
    allow="Nobody reads the table.",
    check=check,
    fix=fix,
)
