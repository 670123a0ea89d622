"""DELETE of all rows."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.parse import mentioned
from zdm.rules import row_changes


def check(site: Site) -> Iterator[Violation]:
    """No WHERE, on a table in use."""
    for change, table in row_changes.in_use(site):
        said = change.said
        if isinstance(said, WorkOn) and said.work is Work.DELETE and said.where is None:
            yield Violation(
                message=f"all rows of {table.name} are locked until the transaction ends, and"
                " lost",
                remedy="DELETE in batches, outside of the migration",
            )


RULE = Rule(
    slug="delete-without-where",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="DELETE of all rows",
    problem="Rows stay locked until the transaction ends, and their data is lost.",
    postgres=(
        "Every row is locked and marked dead in one transaction, which VACUUM cannot clean "
        "before it ends (14 to 18)."
    ),
    instead="DELETE in batches.",
    allow="The table is small.",
    on=mentioned.CHANGING,
    check=check,
)
