"""PRIMARY KEY in ADD COLUMN."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """PRIMARY KEY in ADD COLUMN."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    if column.constraint("primary key") is not None:
        yield Violation(
            message=f"the index of the key {column.name} is built while all queries of"
            f" {table.name} wait, and"
            " fails where a row has no value",
            remedy="add the column alone, fill it, build a unique index concurrently, then ADD"
            " PRIMARY KEY USING INDEX",
        )


RULE = Rule(
    slug="add-column-inline-primary-key",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="PRIMARY KEY in ADD COLUMN",
    problem="All queries of the table wait while an index is built, or the statement fails.",
    postgres=(
        "The index is built under ACCESS EXCLUSIVE, and NULL in existing rows violates the "
        "key (14 to 18)."
    ),
    instead=(
        "Add the column, fill it in batches, make it NOT NULL, build a unique index "
        "concurrently, and ADD PRIMARY KEY USING INDEX."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
