"""ALTER COLUMN TYPE of a column that a CHECK names."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A change that keeps rows and indexes and reads every row."""
    table = site.in_use(ActionKind.CHANGE_TYPE)
    if table is None or not isinstance(site.action.said, ChangeType):
        return
    column, does = site.action.said.column, reading.on_table(site, table)
    if not (does.rewrites.possible or does.builds.possible) and does.scans.possible:
        yield Violation(
            message=f"a CHECK names {column}, so all rows of {table.name} are checked again"
            " while all"
            " its queries wait",
            remedy="drop the CHECK, change the type, add it NOT VALID, then VALIDATE"
            " CONSTRAINT",
        )


RULE = Rule(
    slug="change-column-type-rechecks-check",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ALTER COLUMN TYPE of a column that a CHECK names",
    problem="All queries of the table wait while every row is checked again.",
    postgres=(
        "A CHECK that names the column is checked for all rows under ACCESS EXCLUSIVE, even "
        "where the change itself is free (14 to 18)."
    ),
    instead="Drop the CHECK, change the type, add the CHECK NOT VALID, and validate it.",
    allow="The table is small, and a lock_timeout is set.",
    on=(ChangeType,),
    check=check,
)
