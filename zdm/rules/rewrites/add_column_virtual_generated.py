"""ADD COLUMN GENERATED … VIRTUAL with NOT NULL or CHECK."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A constraint that reads what the column computes."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    generated = column.constraint("generated")
    if generated is None or generated.generated != "virtual":
        return
    if column.constraint("not null") is not None or column.constraint("check") is not None:
        yield Violation(
            message=f"the constraint of the virtual column {column.name} reads all rows of"
            f" {table.name} while all its queries wait",
            remedy="add the column alone, then ADD CONSTRAINT … NOT VALID, then VALIDATE"
            " CONSTRAINT",
        )


RULE = Rule(
    slug="add-column-virtual-generated",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD COLUMN GENERATED … VIRTUAL with NOT NULL or CHECK",
    problem="All queries of the table wait while the column is computed for every row.",
    postgres=(
        "A virtual column alone writes and reads nothing; NOT NULL or CHECK on it is "
        "checked for every row under ACCESS EXCLUSIVE (18)."
    ),
    instead=(
        "Add the column alone, then the constraint NOT VALID, and VALIDATE it in a "
        "transaction of its own."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
