"""SET EXPRESSION of a stored generated column."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A column that is not known to be virtual."""
    found = reading.changed(site, Change.SET_EXPRESSION)
    if found is None:
        return
    table, said = found
    column = table.column(said.name)
    if column is None or column.generated != "virtual":
        yield Violation(
            message=f"{said.name} is computed again for each row, so {table.name} is rewritten"
            " while all its queries wait",
            remedy="add a column with the new expression, fill it, and drop the old one in a"
            " later release",
        )


RULE = Rule(
    slug="set-expression-rewrite",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="SET EXPRESSION of a stored generated column",
    problem=("All queries of the table wait while every row is computed and written again."),
    postgres=(
        "A stored column is rewritten under ACCESS EXCLUSIVE; of a virtual one (18) only "
        "the catalog changes (17 to 18)."
    ),
    instead="Add another column, and drop the old one a release later.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterTable,),
    check=check,
)
