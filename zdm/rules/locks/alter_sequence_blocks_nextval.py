"""ALTER SEQUENCE in a transaction with more work."""

from collections.abc import Iterator

from zdm.model.commands import AlterSequence
from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ALTER SEQUENCE in a transaction with more work."""
    said, block = site.action.said, site.block
    if not isinstance(said, AlterSequence) or block is None or block.works < 2:
        return
    name = reading.named(site, said.sequence)
    if not site.is_new(name):
        yield Violation(
            message=f"INSERTs that take a number from {name} wait until the transaction ends",
            remedy="put ALTER SEQUENCE into a transaction of its own",
        )


def fix(site: Site) -> Fix | None:
    """The same in a transaction of its own."""
    return Fix(later=(site.action.statement.sql,))


RULE = Rule(
    slug="alter-sequence-blocks-nextval",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="ALTER SEQUENCE in a transaction with more work",
    problem="INSERTs that call nextval wait.",
    postgres=(
        "SHARE ROW EXCLUSIVE on the sequence, for which nextval waits until the "
        "transaction ends (14 to 18)."
    ),
    instead="A transaction of its own.",
    allow="The transaction is short.",
    on=(AlterSequence,),
    check=check,
    fix=fix,
)
