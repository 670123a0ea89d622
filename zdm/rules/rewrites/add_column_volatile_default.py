"""ADD COLUMN with a default that differs from row to row."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Volatility
from zdm.model.syntax import AddColumn
from zdm.rules import reading
from zdm.schema import default_volatility, type_names


def check(site: Site) -> Iterator[Violation]:
    """A default that calls a VOLATILE function, or one that zdm does not know."""
    found = reading.added_column(site)
    if found is None:
        return
    table, column = found
    default = column.constraint("default")
    if default is None or default.expression is None:
        return
    how = default_volatility.volatility(default.expression, site.before, site.majors[0])
    if how is Volatility.VOLATILE and not type_names.is_serial(column.type):
        yield Violation(
            message=f"the default of {column.name} is evaluated for each row, so {table.name}"
            " is"
            " rewritten while all its queries wait",
            remedy="add the column without a default, SET DEFAULT in a statement of its own,"
            " and"
            " fill existing rows in batches",
        )


RULE = Rule(
    slug="add-column-volatile-default",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="ADD COLUMN with a default that differs from row to row",
    problem="All queries of the table wait while every row and every index is written again.",
    postgres=(
        "A VOLATILE default is evaluated for each row, so the server rewrites the table "
        "under ACCESS EXCLUSIVE; a constant, now() or current_user is evaluated once and "
        "costs nothing (14 to 18)."
    ),
    instead=(
        "Add the column without a default, then SET DEFAULT, then fill existing rows in "
        "batches."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AddColumn,),
    check=check,
)
