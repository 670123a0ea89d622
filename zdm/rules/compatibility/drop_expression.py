"""DROP EXPRESSION."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """Of a column that is not of this release."""
    found = reading.changed(site, Change.DROP_EXPRESSION)
    if found is None:
        return
    table, said = found
    if not site.is_new_column(table, said.name):
        yield Violation(
            message=f"{table.name}.{said.name} is no longer computed, so new rows have NULL"
            " there",
            remedy="create a trigger that computes it, in the same transaction",
        )


RULE = Rule(
    slug="drop-expression",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP EXPRESSION",
    problem=("Application versions that rely on the computed value find NULL in new rows."),
    postgres=(
        "The column keeps its values and is a plain one from the commit on; ACCESS "
        "EXCLUSIVE for a moment (14 to 18)."
    ),
    instead="Create a trigger that computes it, in the same transaction.",
    allow="No running version relies on it.",
    on=(AlterTable,),
    check=check,
)
