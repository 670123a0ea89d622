"""Slow work in a transaction that holds ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.impact import YES
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.parse import mentioned


def check(site: Site) -> Iterator[Violation]:
    """A build, scan or rewrite after another statement that locked a table in use."""
    block, fact = site.block, site.fact
    slow = [t for t in site.on_used if YES in (t.rewrites, t.builds, t.scans)]
    if block is None or not slow or any(mentioned.row_changes(site.action)):
        return
    if fact is not None and fact.kind is ActionKind.VALIDATE_CONSTRAINT:
        return
    held = [t for done in block.earlier for t in done.touches if t.lock.blocks_reads]
    if held:
        yield Violation(
            message=f"queries of {held[0].relation} wait until this statement has gone through"
            f" {slow[0].relation}",
            remedy="COMMIT before it, or put it into a file of its own",
        )


RULE = Rule(
    slug="statement-while-holding-access-exclusive",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="Slow work in a transaction that holds ACCESS EXCLUSIVE",
    problem="Queries of the locked table wait until the slow statement has ended, too.",
    postgres="Locks are held until the end of the transaction (14 to 18).",
    instead="Commit before the slow statement.",
    allow="The tables are small.",
    check=check,
)
