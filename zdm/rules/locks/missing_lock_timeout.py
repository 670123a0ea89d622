"""A lock that blocks, without a lock_timeout."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """Once for each statement whose lock blocks writes to what is in use."""
    if site.action.index or site.action.statement.timeouts.lock is not None:
        return
    if reading.is_concurrent(site):
        return
    for touch in site.whole.touches:
        if touch.lock.blocks_writes and not site.is_new(touch.relation):
            yield Violation(
                message=f"it waits for {touch.lock} on {touch.relation} without a limit, and"
                " all later queries wait behind it",
                remedy="SET lock_timeout = '2s' before it (SET LOCAL in a transaction)",
            )
            return


def fix(site: Site) -> Fix | None:
    """A short one just before the statement."""
    return edits.with_lock_timeout(site)


RULE = Rule(
    slug="missing-lock-timeout",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="A lock that blocks, without a lock_timeout",
    problem=(
        "While the statement waits for its lock, every later query of the table waits "
        "behind it."
    ),
    postgres=(
        "Locks are granted in order: a waiting ACCESS EXCLUSIVE holds up even SELECT, for "
        "as long as the oldest transaction lasts (14 to 18)."
    ),
    instead=(
        "SET lock_timeout before it (SET LOCAL in a transaction), and try again when it "
        "ends with 55P03."
    ),
    allow="The server, the database or the role sets a lock_timeout.",
    check=check,
    once=True,
    fix=fix,
)
