"""BEGIN without COMMIT."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """BEGIN of a block that nothing ends."""
    block = site.block
    if block is None or block.closed or block.earlier:
        return
    yield Violation(
        message="nothing commits this transaction, so its changes are lost",
        remedy="write COMMIT after its last statement",
    )


RULE = Rule(
    slug="uncommitted-transaction",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="BEGIN without COMMIT",
    problem="The changes are lost when the session ends, or its locks stay.",
    postgres="A transaction that is not committed is rolled back (14 to 18).",
    instead="Write COMMIT.",
    allow="Never.",
    check=check,
)
