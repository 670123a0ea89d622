"""ADD COLUMN GENERATED ALWAYS AS … STORED."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A stored generated column."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    generated = column.constraint("generated")
    if generated is not None and generated.generated == "stored":
        yield Violation(
            message=f"{column.name} is computed for each row, so {table.name} is rewritten"
            " while"
            " all its queries wait",
            remedy="add a plain column, fill it by a trigger, and existing rows in batches; on"
            " PostgreSQL 18, write VIRTUAL",
        )


RULE = Rule(
    slug="add-column-stored-generated",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD COLUMN GENERATED ALWAYS AS … STORED",
    problem=(
        "All queries of the table wait while the value is computed and written for every row."
    ),
    postgres=(
        "A stored generated column is computed at once: rewrite under ACCESS EXCLUSIVE (14 "
        "to 18). A VIRTUAL one (18) writes nothing."
    ),
    instead=(
        "Add a plain column, keep it filled by a trigger, and fill existing rows in "
        "batches; on 18, VIRTUAL."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
