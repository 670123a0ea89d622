"""ADD COLUMN of a domain with CHECK or NOT NULL."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn
from zdm.rules import reading
from zdm.schema import type_change, type_names


def check(site: Site) -> Iterator[Violation]:
    """A type that is a domain with a constraint."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    text = type_names.canonical(column.type, site.before, site.action.statement.settings)
    if type_change.is_constrained(text, site.before):
        yield Violation(
            message=f"{column.name} is of the domain {text}, which is checked for each row, so"
            f" {table.name} is rewritten while all its queries wait",
            remedy="use the domain's base type, and ADD CONSTRAINT … CHECK … NOT VALID",
        )


RULE = Rule(
    slug="add-column-constrained-domain",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ADD COLUMN of a domain with CHECK or NOT NULL",
    problem=(
        "All queries of the table wait while every row is written again, or the statement "
        "fails."
    ),
    postgres=(
        "The constraint of a domain is checked for each row of the new column: rewrite "
        "under ACCESS EXCLUSIVE (14 to 18)."
    ),
    instead="Add the column with the domain's base type and a table CHECK NOT VALID.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
