"""ADD COLUMN of a serial type."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading
from zdm.schema import type_names


def check(site: Site) -> Iterator[Violation]:
    """A serial type."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    if type_names.is_serial(column.type):
        yield Violation(
            message=f"{column.name} gets a number for each row, so {table.name} is rewritten"
            " while all its queries wait",
            remedy="add a bigint column, create a sequence, GRANT USAGE on it, SET DEFAULT"
            " nextval(…), and fill existing rows in batches",
        )


RULE = Rule(
    slug="add-column-serial",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD COLUMN of a serial type",
    problem="All queries of the table wait while every row is numbered and written again.",
    postgres=(
        "serial means a default of nextval(), which is VOLATILE: rewrite under ACCESS "
        "EXCLUSIVE (14 to 18)."
    ),
    instead=(
        "Add a bigint column, create a sequence, SET DEFAULT nextval, and fill existing "
        "rows in batches."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
