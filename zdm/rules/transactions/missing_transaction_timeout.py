"""A transaction by hand without transaction_timeout."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """The first statement of a BEGIN that locks a table in use."""
    block = site.block
    if block is None or block.by_runner or site.majors[-1] < 17:
        return
    held = block.earlier.blocked is not None
    strong = any(touch.lock.blocks_writes for touch in site.on_used)
    if strong and not held and site.action.statement.timeouts.transaction is None:
        yield Violation(
            message="the locks of the transaction are kept for as long as its client lives",
            remedy="SET LOCAL transaction_timeout = '10s' after BEGIN",
        )


RULE = Rule(
    slug="missing-transaction-timeout",
    severity=None,
    planned=Planned.YES,
    title="A transaction by hand without transaction_timeout",
    problem="A transaction that lasts longer than expected keeps its locks.",
    postgres=(
        "transaction_timeout ends the session when a transaction lasts longer (17 to 18)."
    ),
    instead="SET LOCAL transaction_timeout after BEGIN.",
    allow="The role or the server sets it.",
    check=check,
)
