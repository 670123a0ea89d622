"""Foreign keys to several tables in one transaction."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, AddConstraint, CreateTable
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """The statement that adds another table in use to those that earlier ones point at."""
    block = site.block
    now = {key.references for key in reading.foreign_keys(site)} - {None}
    if block is None or not now:
        return
    earlier = block.earlier.references
    used = (name for name in now if not site.is_new(name))
    first, count = earlier.with_others(used, reading.MOST_NAMED)
    if not now <= earlier.every and not earlier.every <= now and count > 1:
        yield Violation(
            message=f"writes to {reading.listed(first, count)} wait until one transaction ends",
            remedy="one transaction for each foreign key",
        )


def fix(site: Site) -> Fix | None:
    """The foreign key in a transaction of its own."""
    if not isinstance(site.action.said, AddConstraint):
        return None
    text = edits.Text(site)
    return Fix(statements=text.with_others(), later=(text.alter(text.slice(text.part)),))


RULE = Rule(
    slug="multiple-foreign-keys",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="Foreign keys to several tables in one transaction",
    problem=(
        "Writes to all of the tables wait until the transaction ends, and two such "
        "transactions deadlock."
    ),
    postgres=(
        "SHARE ROW EXCLUSIVE on both tables of each foreign key, until the transaction "
        "ends (14 to 18)."
    ),
    instead="One transaction for each.",
    allow="Nothing writes to the tables.",
    on=(
        AddColumn,
        AddConstraint,
        CreateTable,
    ),
    check=check,
    fix=fix,
)
