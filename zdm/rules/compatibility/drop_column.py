"""DROP COLUMN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn


def check(site: Site) -> Iterator[Violation]:
    """A column that is not of this release."""
    table, fact = site.in_use(ActionKind.DROP_COLUMN), site.fact
    if table is None or fact is None or site.is_new_column(table, fact.name):
        return
    yield Violation(
        message=f"application versions that still use {table.name}.{fact.name} fail, and its"
        " data is lost",
        remedy="remove it from the code first, and drop it in a later release",
    )


RULE = Rule(
    slug="drop-column",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP COLUMN",
    problem="Queries of application versions that still run fail, and its data is lost.",
    postgres="ACCESS EXCLUSIVE for a moment; the column is gone with the commit (14 to 18).",
    instead=(
        "Remove it from the code first, and drop it a release later; `zdm plan` does so in "
        "the contract."
    ),
    allow="No running version names it, SELECT * included.",
    on=(AlterColumn,),
    check=check,
)
