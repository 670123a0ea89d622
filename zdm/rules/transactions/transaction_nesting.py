"""BEGIN or COMMIT inside a transaction."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.parse.transactions import Kind
from zdm.rules import blocks


def check(site: Site) -> Iterator[Violation]:
    """Any control of a transaction that the runner opened, BEGIN after BEGIN, and COMMIT or
    ROLLBACK after nothing."""
    kind, block = blocks.kind_of(site.action), site.block
    if kind is None:
        return
    if block is None:
        if kind in blocks.ENDS:
            yield Violation(
                message=f"no transaction is open, so {kind.upper()} has no effect: what came"
                " before it is committed already",
                remedy="remove it, or write the BEGIN that belongs to it",
            )
        return
    ends = kind is Kind.BEGIN or kind in blocks.ENDS
    if (block.by_runner and ends) or (kind is Kind.BEGIN and block.earlier):
        yield Violation(
            message=f"{kind.upper()} inside a transaction splits it, so that a failure undoes"
            " only a part",
            remedy="remove it; if the runner opens no transaction, set"
            ' `transactions = "statement"` under [check] in zdm.toml',
        )


def fix(site: Site) -> Fix | None:
    """Nothing in its place; what ROLLBACK undoes is for a person."""
    return Fix() if blocks.kind_of(site.action) in (Kind.BEGIN, Kind.COMMIT) else None


RULE = Rule(
    slug="transaction-nesting",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="BEGIN or COMMIT inside a transaction, or COMMIT outside of one",
    problem=(
        "The runner's transaction is split: what follows COMMIT is not undone with the rest."
    ),
    postgres=(
        "BEGIN in a transaction is a warning and no more, and so is COMMIT outside of one; "
        "COMMIT ends the one that is open (14 to 18)."
    ),
    instead="Remove it, or tell the runner to open no transaction.",
    allow='The runner opens none; then set `transactions = "statement"`.',
    on=(NoRelation,),
    check=check,
    fix=fix,
)
