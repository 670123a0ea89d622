"""DELETE of all rows."""

from collections.abc import Iterator

from zdm.model.commands import WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind


def check(site: Site) -> Iterator[Violation]:
    """No WHERE, on a table in use."""
    said, table = site.action.said, site.in_use(ActionKind.DELETE)
    if table is not None and isinstance(said, WorkOn) and said.all_rows:
        yield Violation(
            message=f"all rows of {table.name} are locked until the transaction ends, and lost",
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
    on=(WorkOn,),
    check=check,
)
