"""CHECK in ADD COLUMN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """CHECK in ADD COLUMN."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    if column.constraint("check") is not None:
        yield Violation(
            message=f"the CHECK of {column.name} reads all rows of {table.name} while all its"
            " queries wait",
            remedy="add the column alone, then ADD CONSTRAINT … NOT VALID, then VALIDATE"
            " CONSTRAINT",
        )


def fix(site: Site) -> Fix | None:
    """The column alone, and its CHECK NOT VALID."""
    found = reading.added_column(site)
    return None if found is None else edits.inline_not_valid(site, found[1], "check")


RULE = Rule(
    slug="add-column-inline-check",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="CHECK in ADD COLUMN",
    problem="All queries of the table wait while every row is read.",
    postgres=(
        "The CHECK is validated at once under ACCESS EXCLUSIVE, even where the new column "
        "is NULL everywhere (14 to 18)."
    ),
    instead=(
        "ADD COLUMN; ADD CONSTRAINT … NOT VALID; VALIDATE CONSTRAINT in a transaction of "
        "its own."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
    fix=fix,
)
