"""Changes of rows and of the schema in one transaction."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.parse import mentioned
from zdm.rules import reading, row_changes


def check(site: Site) -> Iterator[Violation]:
    """Whichever of the two comes second; INSERTs of written rows do not count."""
    if site.block is None or not site.on_used:
        return
    if row_changes.fills(site.action):
        held = next(iter(site.block.locked.names), None)
        if held is not None:
            yield _found(held, site.on_used[0].relation)
        return
    locked, filled = reading.exclusive(site), site.block.earlier.filled
    rows = [filled[kind] for kind in mentioned.CHANGING if kind in filled]
    if locked and rows:
        yield _found(locked[0].relation, rows[0])


def _found(locked: Name, filled: Name) -> Violation:
    return Violation(
        message=f"queries of {locked} wait while rows of {filled} are changed, until the"
        " transaction ends",
        remedy="change rows in a migration of their own, in batches",
    )


RULE = Rule(
    slug="backfill-with-ddl",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="Changes of rows and of the schema in one transaction",
    problem="Queries of the locked table wait until all rows are changed.",
    postgres=(
        "The lock of the DDL is held until the end; with deferred foreign keys, ALTER TABLE "
        "ends with 55006 (14 to 18)."
    ),
    instead="Change rows in a migration of their own, in batches.",
    allow="A few rows are changed.",
    check=check,
)
