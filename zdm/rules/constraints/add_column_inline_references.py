"""REFERENCES in ADD COLUMN that is checked for existing rows."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """REFERENCES beside a default."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    keyed = column.constraint("foreign key")
    if keyed is not None and column.constraint("default") is not None:
        yield Violation(
            message=f"the foreign key of {column.name} is checked for all rows of {table.name}"
            " while its queries wait",
            remedy="add the column alone, then ADD FOREIGN KEY … NOT VALID, then VALIDATE"
            " CONSTRAINT",
        )


def fix(site: Site) -> Fix | None:
    """The column alone, and its foreign key NOT VALID."""
    found = reading.added_column(site)
    if found is None or found[0].kind == "partitioned table":
        return None
    column = found[1]
    head = f"FOREIGN KEY ({edits.written(column.name)}) "
    return edits.inline_not_valid(site, column, "foreign key", head)


RULE = Rule(
    slug="add-column-inline-references",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="REFERENCES in ADD COLUMN that is checked for existing rows",
    problem="Writes to both tables wait while the rows are read.",
    postgres=(
        "With a default, the new foreign key is validated under the lock; without one all "
        "rows are NULL, and the other table is locked (SHARE ROW EXCLUSIVE) for a moment "
        "(14 to 18)."
    ),
    instead=(
        "Add the column alone, then ADD FOREIGN KEY … NOT VALID, then VALIDATE CONSTRAINT."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
    fix=fix,
)
