"""CONCURRENTLY under a lock_timeout or statement_timeout."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A timeout that the migration itself has set."""
    timeouts = site.action.statement.timeouts
    if not reading.is_concurrent(site):
        return
    limits = {"lock_timeout": timeouts.lock, "statement_timeout": timeouts.statement}
    for name, limit in limits.items():
        if limit:
            yield Violation(
                message=f"{name} is set, so any transaction that lasts longer cancels it, and"
                " what it leaves is INVALID",
                remedy=f"SET {name} = 0 before it",
            )


def fix(site: Site) -> Fix | None:
    """Both timeouts off, where the migration has set them."""
    timeouts = site.action.statement.timeouts
    limits = {"lock_timeout": timeouts.lock, "statement_timeout": timeouts.statement}
    off = tuple(f"SET {name} = 0" for name, limit in limits.items() if limit)
    return Fix(statements=(*off, site.action.statement.sql)) if site.block is None else None


RULE = Rule(
    slug="concurrently-with-lock-timeout",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="CONCURRENTLY under a lock_timeout or statement_timeout",
    problem="Any old transaction cancels the build, which leaves an INVALID index behind.",
    postgres=(
        "CONCURRENTLY waits for every transaction that is older, and a timeout ends it "
        "(55P03, 57014; 14 to 18)."
    ),
    instead="SET lock_timeout = 0 and statement_timeout = 0 before it.",
    allow="No transaction lasts longer than the timeout.",
    check=check,
    fix=fix,
)
