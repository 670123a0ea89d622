"""UPDATE of all rows."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import Update
from zdm.parse import mentioned
from zdm.rules import row_changes


def check(site: Site) -> Iterator[Violation]:
    """No WHERE, on a table in use."""
    for change, table in row_changes.in_use(site):
        if isinstance(change.said, Update) and change.where is None:
            yield Violation(
                message=f"all rows of {table.name} are locked until the transaction ends, and"
                " written again",
                remedy="UPDATE in batches, each in a transaction of its own",
            )


RULE = Rule(
    slug="update-without-where",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="UPDATE of all rows",
    problem=(
        "Writers of any row wait until the transaction ends, and the table doubles in size."
    ),
    postgres="Every row is locked and written again in one transaction (14 to 18).",
    instead="UPDATE in batches; `zdm plan` makes it a backfill.",
    allow="The table is small.",
    on=mentioned.CHANGING,
    check=check,
)
