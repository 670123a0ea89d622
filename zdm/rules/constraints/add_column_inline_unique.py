"""UNIQUE in ADD COLUMN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import edits, reading


def check(site: Site) -> Iterator[Violation]:
    """UNIQUE in ADD COLUMN."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    if column.constraint("unique") is not None:
        yield Violation(
            message=f"the unique index of {column.name} is built while all queries of"
            f" {table.name} wait",
            remedy="add the column alone, then CREATE UNIQUE INDEX CONCURRENTLY, then ADD"
            " CONSTRAINT … UNIQUE USING INDEX",
        )


def fix(site: Site) -> Fix | None:
    """The column alone, then a concurrent index that becomes the constraint's."""
    found = reading.added_column(site)
    return None if found is None else edits.inline_key(site, *found)


RULE = Rule(
    slug="add-column-inline-unique",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="UNIQUE in ADD COLUMN",
    problem="All queries of the table wait while an index is built.",
    postgres="The index is built under ACCESS EXCLUSIVE (14 to 18).",
    instead=(
        "Add the column, CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
    fix=fix,
)
