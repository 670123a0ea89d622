"""A transaction by hand without idle_in_transaction_session_timeout."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation


def check(site: Site) -> Iterator[Violation]:
    """The first statement of a BEGIN that locks a table in use."""
    block = site.block
    if block is None or block.by_runner:
        return
    held = block.earlier.blocked is not None
    strong = any(touch.lock.blocks_writes for touch in site.on_used)
    if strong and not held and site.action.statement.timeouts.idle_in_transaction is None:
        yield Violation(
            message="the locks of the transaction are kept for as long as its client lives",
            remedy="SET LOCAL idle_in_transaction_session_timeout = '10s' after BEGIN",
        )


RULE = Rule(
    slug="missing-idle-in-transaction-timeout",
    severity=None,
    planned=Planned.YES,
    title="A transaction by hand without idle_in_transaction_session_timeout",
    problem="If the client stops in the middle, its locks are kept.",
    postgres=(
        "A session that is idle in a transaction keeps its locks until it is ended (14 to 18)."
    ),
    instead="SET LOCAL idle_in_transaction_session_timeout after BEGIN.",
    allow="The role or the server sets it.",
    check=check,
)
