"""ADD COLUMN GENERATED AS IDENTITY."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """An identity column."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    if column.constraint("identity") is not None:
        yield Violation(
            message=f"{column.name} gets a number for each row, so {table.name} is rewritten"
            " while all its queries wait",
            remedy="add a bigint column, fill it in batches, make it NOT NULL, then ALTER"
            " COLUMN"
            " … ADD GENERATED",
        )


RULE = Rule(
    slug="add-column-identity",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD COLUMN GENERATED AS IDENTITY",
    problem="All queries of the table wait while every row is numbered and written again.",
    postgres=(
        "The identity is taken from its sequence for each row: rewrite under ACCESS "
        "EXCLUSIVE (14 to 18)."
    ),
    instead=(
        "Add a bigint column, fill it in batches, set it NOT NULL by a validated CHECK, "
        "then ADD GENERATED."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
