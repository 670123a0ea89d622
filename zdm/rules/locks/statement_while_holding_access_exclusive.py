"""Slow work in a transaction that holds ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.impact import YES
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.parse import mentioned


def check(site: Site) -> Iterator[Violation]:
    """A build, scan, rewrite or sleep after another statement that locked a table in use."""
    block, fact = site.block, site.fact
    held = None if block is None else next(iter(block.locked.names), None)
    if held is None or any(mentioned.row_changes(site.action)):
        return
    if fact is not None and fact.kind is ActionKind.VALIDATE_CONSTRAINT:
        return
    work = _work(site)
    if work:
        yield Violation(
            message=f"queries of {held} wait until this statement has {work}",
            remedy="COMMIT before it, or put it into a file of its own",
        )


def _work(site: Site) -> str:
    """What takes long, empty for nothing."""
    if any(name[-1].startswith("pg_sleep") for name in mentioned.functions(site.action)):
        return "slept"
    reads_all = mentioned.is_whole_read(site.action) or _is_analyze(site)
    slow = [t for t in site.on_used if reads_all or YES in (t.rewrites, t.builds, t.scans)]
    return f"gone through {slow[0].relation}" if slow else ""


def _is_analyze(site: Site) -> bool:
    said = site.action.said
    return isinstance(said, WorkOn) and said.work is Work.ANALYZE


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
