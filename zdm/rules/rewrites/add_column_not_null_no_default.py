"""ADD COLUMN NOT NULL without a default."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading
from zdm.schema import type_names


def check(site: Site) -> Iterator[Violation]:
    """NOT NULL, and nothing that gives a value."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    filled = any(
        column.constraint(kind) is not None for kind in ("default", "identity", "generated")
    )
    if column.constraint("not null") and not filled and not type_names.is_serial(column.type):
        yield Violation(
            message=f"{column.name} is NOT NULL without a default, so the statement fails where"
            f" {table.name} has a row, and INSERTs that do not know the column fail",
            remedy="give it a constant default, or add it nullable, fill it, and SET NOT NULL"
            " in"
            " a later release",
        )


RULE = Rule(
    slug="add-column-not-null-no-default",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="ADD COLUMN NOT NULL without a default",
    problem=(
        "The statement fails if the table has a row, and INSERTs of the old application "
        "version fail."
    ),
    postgres=(
        "NULL in existing rows violates the constraint (23502); the table is read under "
        "ACCESS EXCLUSIVE to see so (14 to 18)."
    ),
    instead=(
        "Give it a constant default, or add it nullable and set it NOT NULL when all rows "
        "are filled."
    ),
    allow="The table is empty, and nothing writes to it.",
    on=(AddColumn,),
    check=check,
)
